"""The filter under which everything in a guest runs that is not the agent.

With SYS_ADMIN and mount(2) a guest owns the machine: a fresh proc has a writable core_pattern, a
fresh cgroup a release_agent. So the launcher sets this filter on itself after the agent has
mounted. What it denies fails with EPERM, as it would without the capability; clone3 and io_uring
fail with ENOSYS, so that a C library falls back to calls whose arguments a filter can read.
Freezing, forking and changing user stay allowed: that is what executors and applications do. A
freeze and a thaw wait until the agent has seen them (`freezecalls`).

The program is classic BPF, assembled here; `program` is pure and is tested by interpreting it.
"""

from __future__ import annotations

import ctypes
import struct

from . import linux

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    _Calls = dict[str, tuple[int, int | None]]
    Instruction = tuple[int, int, int, int]  # code, jump if true, jump if false, k

EPERM = 1
ENOSYS = 38

_ALLOW = 0x7FFF0000
_NOTIFY = 0x7FC00000
_ERRNO = 0x00050000

AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
#: System calls of the x32 interface carry this bit and the same architecture as x86-64.
X32_BIT = 0x40000000

# Numbers on x86-64 and arm64; None where the architecture does not have the call.
_MOUNTS: _Calls = {
    "mount": (165, 40),
    "umount2": (166, 39),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "open_tree_attr": (467, 467),
}
_DENIED: _Calls = {
    "pivot_root": (155, 41),
    "unshare": (272, 97),
    "setns": (308, 268),
    "bpf": (321, 280),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "pidfd_getfd": (438, 438),
    "process_madvise": (440, 440),
    "kcmp": (312, 272),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "reboot": (169, 142),
    "open_by_handle_at": (304, 265),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    # a permission event on a shared disk would stop the host's look at it
    "fanotify_init": (300, 262),
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "syslog": (103, 116),
    "acct": (163, 89),
    "iopl": (172, None),
    "ioperm": (173, None),
    "lookup_dcookie": (212, 18),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
}
_ABSENT: _Calls = {
    "clone3": (435, 435),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
}
_CLONE = (56, 220)
_IOCTL = (16, 29)
_SECCOMP = (317, 277)
_MKNOD = (133, None)
_MKNODAT = (259, 33)

#: CLONE_NEWNS, CGROUP, UTS, IPC, USER, PID and NET.
NEW_NAMESPACES = 0x7E020000
#: Every ioctl of the loop driver and of loop-control has this second byte.
LOOP_IOCTLS = 0x4C00
_S_IFMT, _S_IFCHR, _S_IFBLK = 0o170000, 0o020000, 0o060000

# classic BPF
_LOAD = 0x20  # ld [k]
_AND = 0x54
_JUMP_EQUAL = 0x15
_JUMP_ANY_BIT = 0x45
_JUMP_GREATER_EQUAL = 0x35
_RETURN = 0x06

_NUMBER, _ARCH, _ARGUMENTS = 0, 4, 16

_SET_MODE_FILTER = 1
_NEW_LISTENER = 8
# Only SIGKILL ends the wait of a call that was told: else any signal would make it fail (EINTR).
_WAIT_KILLABLE = 32
_EINVAL = 22


def denied_calls(machine: str, allow_mount: bool = False) -> dict[str, tuple[int, int]]:
    """Calls refused whatever their arguments: name to (number, errno)."""
    column = list(AUDIT_ARCH).index(machine)
    table: dict[str, tuple[int, int]] = {}
    groups: list[tuple[_Calls, int]] = [(_DENIED, EPERM), (_ABSENT, ENOSYS)]
    if not allow_mount:
        groups.append((_MOUNTS, EPERM))
    for group, errno in groups:
        for name, numbers in group.items():
            number = numbers[column]
            if number is not None:
                table[name] = (number, errno)
    return table


def program(machine: str, allow_mount: bool = False) -> list[Instruction]:
    """The filter for `machine` (as os.uname says it), as (code, jt, jf, k).

    `allow_mount` lets the mount calls through, for a fixture of ours that has to mount; nothing
    else of the filter is loosened. Raises KeyError for an architecture that it does not know.
    """
    arch = AUDIT_ARCH[machine]
    column = list(AUDIT_ARCH).index(machine)
    out: list[Instruction] = [
        (_LOAD, 0, 0, _ARCH),
        (_JUMP_EQUAL, 1, 0, arch),
        _fail(EPERM),
        (_LOAD, 0, 0, _NUMBER),
    ]
    if machine == "x86_64":
        out += [(_JUMP_GREATER_EQUAL, 0, 1, X32_BIT), _fail(ENOSYS)]
    for call, errno in sorted(denied_calls(machine, allow_mount).values()):
        out += [(_JUMP_EQUAL, 0, 1, call), _fail(errno)]
    out += _argument(_CLONE[column], 0, [(_JUMP_ANY_BIT, 0, 1, NEW_NAMESPACES), _fail(EPERM)])
    out += _argument(
        _IOCTL[column],
        1,
        [
            (_JUMP_EQUAL, 1, 0, linux.FIFREEZE),
            (_JUMP_EQUAL, 0, 1, linux.FITHAW),
            (_RETURN, 0, 0, _NOTIFY),
            (_AND, 0, 0, 0xFFFFFF00),
            (_JUMP_EQUAL, 0, 1, LOOP_IOCTLS),
            _fail(EPERM),
        ],
    )
    devices: list[Instruction] = [
        (_AND, 0, 0, _S_IFMT),
        (_JUMP_EQUAL, 1, 0, _S_IFCHR),
        (_JUMP_EQUAL, 0, 1, _S_IFBLK),
        _fail(EPERM),
    ]
    for numbers, argument in ((_MKNOD, 1), (_MKNODAT, 2)):
        number = numbers[column]
        if number is not None:
            out += _argument(number, argument, devices)
    return [*out, (_RETURN, 0, 0, _ALLOW)]


def _fail(errno: int) -> Instruction:
    return (_RETURN, 0, 0, _ERRNO | errno)


def _argument(number: int, index: int, judge: Sequence[Instruction]) -> list[Instruction]:
    """For call `number`: judge the low word of an argument; falling through allows."""
    body = [
        (_LOAD, 0, 0, _ARGUMENTS + 8 * index),
        *judge,
        (_RETURN, 0, 0, _ALLOW),
    ]
    return [(_JUMP_EQUAL, 0, len(body), number), *body]


def assemble(instructions: Iterable[Instruction]) -> bytes:
    """The instructions as struct sock_filter."""
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in instructions)


def install(machine: str, allow_mount: bool) -> int:
    """Set the filter on this process and all that comes from it. Raises OSError.

    Returns the descriptor through which freezes and thaws are told; while nobody reads it they
    wait, and once it is closed they fail.
    """
    code = assemble(program(machine, allow_mount))
    held = ctypes.create_string_buffer(code, len(code))

    class Program(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_void_p)]

    wanted = Program(len(code) // 8, ctypes.addressof(held))
    call = _SECCOMP[list(AUDIT_ARCH).index(machine)]
    for flags in (_NEW_LISTENER | _WAIT_KILLABLE, _NEW_LISTENER):
        try:
            return linux.syscall(
                call, ctypes.c_ulong(_SET_MODE_FILTER), ctypes.c_ulong(flags), ctypes.byref(wanted)
            )
        except OSError as error:
            if error.errno != _EINVAL:
                raise
    raise OSError(_EINVAL, "this kernel tells nobody of a call that a filter stops")
