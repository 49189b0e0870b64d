"""The filter, interpreted: what it denies, and that nothing that executors need is denied."""

from __future__ import annotations

import struct

import pytest

from harness.machines.agent import linux, seccomp

_ALLOW = 0x7FFF0000
_NOTIFY = 0x7FC00000
_ERRNO = 0x00050000
_MACHINES = tuple(seccomp.AUDIT_ARCH)

# Calls of executors, applications and shells, and freezing itself: x86-64, arm64.
_NEEDED = {
    "read": (0, 63),
    "openat": (257, 56),
    "execve": (59, 221),
    "wait4": (61, 260),
    "kill": (62, 129),
    "setuid": (105, 146),
    "setgroups": (116, 159),
    "setsid": (112, 157),
    "chroot": (161, 51),
    "fsync": (74, 82),
    "fdatasync": (75, 83),
    "syncfs": (306, 267),
    "flock": (73, 32),
    "prctl": (157, 167),
    "seccomp": (317, 277),
    "pidfd_open": (434, 434),
    "inotify_init1": (294, 26),
    "memfd_create": (319, 279),
    "futex": (202, 98),
    "shmget": (29, 194),
    "semget": (64, 190),
    "socket": (41, 198),
    "statfs": (137, 43),
    "fchmodat": (268, 53),
    "setxattr": (188, 5),
}


def run(machine: str, number: int, *arguments: int, arch: int | None = None) -> int:
    """What the kernel would return for a call: interprets the program over seccomp_data."""
    padded = (*arguments, *[0] * (6 - len(arguments)))
    data = struct.pack(
        "=IIQ6Q", number, seccomp.AUDIT_ARCH[machine] if arch is None else arch, 0, *padded
    )
    program = seccomp.program(machine)
    at = accumulator = 0
    while True:
        code, yes, no, k = program[at]
        at += 1
        if code == 0x20:
            (accumulator,) = struct.unpack_from("=I", data, k)
        elif code == 0x54:
            accumulator &= k
        elif code == 0x06:
            return k
        else:
            holds = {
                0x15: accumulator == k,
                0x35: accumulator >= k,
                0x45: bool(accumulator & k),
            }[code]
            at += yes if holds else no


def denied(machine: str, number: int, *arguments: int) -> bool:
    return run(machine, number, *arguments) == _ERRNO | seccomp.EPERM


@pytest.mark.parametrize("machine", _MACHINES)
def test_every_named_call_is_denied(machine: str) -> None:
    calls = seccomp.denied_calls(machine)
    assert {"mount", "umount2", "move_mount", "unshare", "setns", "bpf", "ptrace"} <= set(calls)
    for name, (number, errno) in calls.items():
        assert run(machine, number) == _ERRNO | errno, name


@pytest.mark.parametrize("machine", _MACHINES)
def test_what_executors_need_is_allowed(machine: str) -> None:
    for name, numbers in _NEEDED.items():
        assert run(machine, numbers[_MACHINES.index(machine)]) == _ALLOW, name


@pytest.mark.parametrize("machine", _MACHINES)
def test_mounting_is_all_that_a_fixture_which_must_mount_gets(machine: str) -> None:
    strict = seccomp.denied_calls(machine)
    loose = seccomp.denied_calls(machine, allow_mount=True)
    gained = set(strict) - set(loose)
    assert {"mount", "umount2"} <= gained
    assert not gained & {"pivot_root", "unshare", "setns", "bpf"}


@pytest.mark.parametrize("machine", _MACHINES)
def test_processes_and_threads_may_be_made_but_no_namespaces(machine: str) -> None:
    clone = seccomp._CLONE[_MACHINES.index(machine)]
    fork = 0x01200011  # CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | SIGCHLD
    thread = 0x003D0F00
    assert run(machine, clone, fork) == _ALLOW
    assert run(machine, clone, thread) == _ALLOW
    for flag in (0x20000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000):
        assert denied(machine, clone, fork | flag), hex(flag)
    # Its flags lie in memory, where a filter can't look: the C library falls back to clone.
    assert run(machine, seccomp._ABSENT["clone3"][0] or 0) == _ERRNO | seccomp.ENOSYS


@pytest.mark.parametrize("machine", _MACHINES)
def test_freezing_is_told_and_loop_devices_are_out_of_reach(machine: str) -> None:
    ioctl = seccomp._IOCTL[_MACHINES.index(machine)]
    for told in (linux.FIFREEZE, linux.FITHAW):
        assert run(machine, ioctl, 3, told) == _NOTIFY, hex(told)
    for allowed in (0xC0045876, 0xC0045879, 0x5401, 0x40049409, 0x4B00, 0x4D00):
        assert run(machine, ioctl, 3, allowed) == _ALLOW, hex(allowed)
    for refused in (0x4C00, 0x4C01, 0x4C05, 0x4C0A, 0x4C80, 0x4C82):
        assert denied(machine, ioctl, 3, refused), hex(refused)
    # The kernel looks at the low word of the request only.
    assert denied(machine, ioctl, 3, 0x1_0000_4C01)


@pytest.mark.parametrize("machine", _MACHINES)
def test_fifos_may_be_made_but_no_devices(machine: str) -> None:
    column = _MACHINES.index(machine)
    calls: list[tuple[int | None, tuple[int, ...]]] = [
        (seccomp._MKNOD[column], (0x1000,)),
        (seccomp._MKNODAT[column], (0xFFFFFF9C, 0x1000)),
    ]
    assert calls[1][0] is not None
    for number, before in calls:
        if number is None:
            continue  # arm64 has mknodat only
        for allowed in (0o010600, 0o140600, 0o100600, 0o600):
            assert run(machine, number, *before, allowed) == _ALLOW, oct(allowed)
        for refused in (0o060600, 0o020666):
            assert denied(machine, number, *before, refused), oct(refused)


@pytest.mark.parametrize("machine", _MACHINES)
def test_another_architectures_calls_are_denied(machine: str) -> None:
    i386 = 0x40000003
    for number in range(400):
        assert run(machine, number, arch=i386) == _ERRNO | seccomp.EPERM


def test_the_x32_interface_is_refused_as_a_whole() -> None:
    for number in (0, 165, 520):
        assert run("x86_64", seccomp.X32_BIT | number) == _ERRNO | seccomp.ENOSYS


@pytest.mark.parametrize("machine", _MACHINES)
def test_the_program_is_one_that_the_kernel_takes(machine: str) -> None:
    program = seccomp.program(machine)
    assert len(program) <= 4096
    assert len(seccomp.assemble(program)) == 8 * len(program)
    for at, (code, yes, no, _) in enumerate(program):
        if code & 0x07 == 0x05:
            assert at + 1 + max(yes, no) < len(program)
    assert program[-1] == (0x06, 0, 0, _ALLOW)


def test_an_unknown_architecture_gets_no_filter_and_so_no_guest() -> None:
    with pytest.raises(KeyError):
        seccomp.program("riscv64")
