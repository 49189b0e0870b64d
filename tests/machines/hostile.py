# ruff: noqa: PTH114, PTH116, PTH118, PTH208
"""An executor that wants the machine: runs in a guest, as root, and prints what it could do.

Every attempt prints a line of JSON: its name, and either the errno's name or "reached". What it
froze it thaws again: a freeze of the guest's own disks is its good right.
"""

import ctypes
import errno
import fcntl
import json
import os
import socket
import struct
import sys

FIFREEZE, FITHAW = 0xC0045877, 0xC0045878
LOOP_SET_FD, LOOP_CLR_FD, LOOP_SET_STATUS64, LOOP_GET_STATUS64 = 0x4C00, 0x4C01, 0x4C04, 0x4C05
LOOP_CTL_GET_FREE, LOOP_CTL_ADD, LOOP_CONFIGURE = 0x4C82, 0x4C80, 0x4C0A
LIBC = ctypes.CDLL(None, use_errno=True)
SYSCALLS = {
    "x86_64": {
        "mount": 165, "umount2": 166, "pivot_root": 155, "unshare": 272, "setns": 308,
        "mknod": 133, "bpf": 321, "init_module": 175, "finit_module": 313, "kexec_load": 246,
        "ptrace": 101, "process_vm_writev": 311, "open_tree": 428, "move_mount": 429,
        "fsopen": 430, "fsmount": 432, "mount_setattr": 442, "clone3": 435, "mknodat": 259,
        "open_by_handle_at": 304, "kexec_file_load": 320, "swapon": 167, "perf_event_open": 298,
        "userfaultfd": 323, "add_key": 248, "keyctl": 250, "reboot": 169, "quotactl": 179,
    },
    "aarch64": {
        "mount": 40, "umount2": 39, "pivot_root": 41, "unshare": 97, "setns": 268,
        "bpf": 280, "init_module": 105, "finit_module": 273, "kexec_load": 104, "ptrace": 117,
        "process_vm_writev": 271, "open_tree": 428, "move_mount": 429, "fsopen": 430,
        "fsmount": 432, "mount_setattr": 442, "clone3": 435, "mknodat": 33,
        "open_by_handle_at": 265, "kexec_file_load": 294, "swapon": 224, "perf_event_open": 241,
        "userfaultfd": 282, "add_key": 217, "keyctl": 219, "reboot": 142, "quotactl": 60,
    },
}[os.uname().machine]  # fmt: skip


def say(name, outcome):
    print(json.dumps({"attempt": name, "outcome": outcome}), flush=True)


def attempt(name, act):
    try:
        act()
    except OSError as error:
        say(name, errno.errorcode.get(error.errno, str(error)))
    else:
        say(name, "reached")


def call(name, *arguments):
    def act():
        ctypes.set_errno(0)
        if LIBC.syscall(SYSCALLS[name], *arguments) < 0:
            raise OSError(ctypes.get_errno(), name)

    return act


def write(path):
    """To have it open for writing is reaching it; nothing is written."""
    return lambda: os.close(os.open(path, os.O_WRONLY))


def control(path, request, argument=0, flags=os.O_RDWR):
    def act():
        descriptor = os.open(path, flags)
        try:
            fcntl.ioctl(descriptor, request, argument)
        finally:
            os.close(descriptor)

    return act


def freeze_everything():
    """Freeze whatever filesystem can be opened, one after another; tell which could be."""
    seen = {}
    for folder, folders, _ in os.walk("/"):
        folders[:] = [f for f in folders if not os.path.islink(os.path.join(folder, f))]
        if folder.startswith("/proc/") and folder.count("/") > 2:
            folders[:] = []
        try:
            device = os.lstat(folder).st_dev
        except OSError:
            continue
        if device in seen:
            continue
        seen[device] = folder
        try:
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        except OSError:
            continue
        try:
            fcntl.ioctl(descriptor, FIFREEZE, 0)
            fcntl.ioctl(descriptor, FITHAW, 0)
        except OSError:
            continue
        finally:
            os.close(descriptor)
        say("freeze", f"{os.major(device)}:{os.minor(device)} {folder}")


def descriptors_of_others():
    """Reach another root through a descriptor of the agent."""
    for pid in ("1", str(os.getppid())):
        for link in ("root", "cwd", "mem", "fd", "ns/mnt"):
            path = f"/proc/{pid}/{link}"
            if link == "mem":
                attempt(f"/proc/{'1' if pid == '1' else 'parent'}/mem", write(path))
            elif link == "fd":
                for number in os.listdir(path):
                    target = f"{path}/{number}"
                    attempt("descriptor of the agent", lambda t=target: os.stat(t))
            else:
                attempt(f"{link} of {'1' if pid == '1' else 'parent'}", lambda p=path: os.stat(p))


def clone_into_namespaces():
    """clone(2) with CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWCGROUP."""
    number = {"x86_64": 56, "aarch64": 220}[os.uname().machine]
    for name, flag in (
        ("NEWNS", 0x20000),
        ("NEWUSER", 0x10000000),
        ("NEWPID", 0x20000000),
        ("NEWCGROUP", 0x02000000),
    ):
        ctypes.set_errno(0)
        made = LIBC.syscall(number, flag | 17, 0, 0, 0, 0)
        if made == 0:
            os._exit(0)
        if made > 0:
            os.waitpid(made, 0)
            say(f"clone {name}", "reached")
        else:
            say(f"clone {name}", errno.errorcode[ctypes.get_errno()])


def main():
    device = sys.argv[1]
    nothing = ctypes.c_char_p(b"none")
    target = ctypes.c_char_p(b"/mnt")
    kind = ctypes.c_char_p(b"proc")
    freeze_everything()
    attempt("mount", call("mount", nothing, target, kind, 0, 0))
    attempt("bind mount", call("mount", ctypes.c_char_p(b"/"), target, 0, 4096, 0))
    attempt("remount", call("mount", nothing, ctypes.c_char_p(b"/proc/sys"), 0, 4096 | 32, 0))
    attempt("umount2", call("umount2", ctypes.c_char_p(b"/proc/sys"), 0))
    attempt("pivot_root", call("pivot_root", target, target))
    for name, flag in (("NEWNS", 0x20000), ("NEWUSER", 0x10000000), ("NEWPID", 0x20000000)):
        attempt(f"unshare {name}", call("unshare", flag))
    attempt("setns", call("setns", os.open("/proc/self/ns/mnt", os.O_RDONLY), 0))
    clone_into_namespaces()
    attempt("clone3", call("clone3", ctypes.create_string_buffer(88), 88))
    for name in ("open_tree", "fsopen", "mount_setattr", "fsmount", "move_mount"):
        attempt(name, call(name, 0, ctypes.c_char_p(b"ext4"), 0, 0, 0))
    attempt("mknod", lambda: os.mknod("/tmp/disk", 0o60600, os.makedev(254, 0)))
    attempt("mknod loop", lambda: os.mknod("/tmp/loop", 0o60600, os.makedev(7, 0)))
    attempt("mknod kmsg", lambda: os.mknod("/tmp/kmsg", 0o20600, os.makedev(1, 11)))
    attempt("loop control", control("/dev/loop-control", LOOP_CTL_GET_FREE))
    for name, request in (
        ("LOOP_CLR_FD", LOOP_CLR_FD),
        ("LOOP_SET_FD", LOOP_SET_FD),
        ("LOOP_SET_STATUS64", LOOP_SET_STATUS64),
        ("LOOP_CONFIGURE", LOOP_CONFIGURE),
    ):
        attempt(name, control(device, request, bytearray(512)))
    for name in ("bpf", "init_module", "finit_module", "kexec_load", "kexec_file_load"):
        attempt(name, call(name, 0, 0, 0, 0, 0))
    attempt("ptrace", call("ptrace", 16, 1, 0, 0))
    attempt(
        "open_by_handle_at", call("open_by_handle_at", -100, ctypes.create_string_buffer(64), 0)
    )
    attempt("swapon", call("swapon", ctypes.c_char_p(b"/tmp/x"), 0))
    attempt("reboot", call("reboot", 0xFEE1DEAD, 672274793, 0x01234567, 0))
    descriptors_of_others()
    for path in (
        "/proc/sys/kernel/core_pattern",
        "/proc/sys/kernel/modprobe",
        "/proc/sys/vm/drop_caches",
        "/proc/sysrq-trigger",
        "/proc/irq/default_smp_affinity",
        "/sys/kernel/uevent_helper",
        "/sys/power/state",
        "/sys/block/loop0/queue/read_ahead_kb",
    ):
        attempt(path, write(path))
    for folder, _, files in os.walk("/sys/fs/cgroup"):
        for name in ("release_agent", "devices.allow", "notify_on_release", "cgroup.procs"):
            if name in files:
                attempt(f"cgroup {name}", write(os.path.join(folder, name)))
        break_deep = folder.count("/") > 6
        if break_deep:
            break
    attempt("raw disk", lambda: os.open("/dev/vda", os.O_RDWR))
    attempt("/dev/mem", lambda: os.open("/dev/mem", os.O_RDWR))
    attempt("/dev/kmsg", write("/dev/kmsg"))
    attempt("packet socket", lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0).close())
    outside = struct.unpack("I", socket.inet_aton("192.0.2.1"))[0]
    probe = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    probe.settimeout(1)
    attempt("network", lambda: probe.connect((socket.inet_ntoa(struct.pack("I", outside)), 80)))
    say("done", "done")


main()
