"""Loop devices, by ioctl, and only ours: each carries a label in its lo_file_name.

The label "snapcert:RUN:GUEST:DISK" is what makes a device ours; nothing here detaches, or mounts,
one without it. All are AUTOCLEAR: when the last mount and the last descriptor are gone, the kernel
detaches, also where everybody was killed.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import struct

from .problem import AgentProblem
from .wire import Code

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

PREFIX = "snapcert"

_LOOP_CLR_FD = 0x4C01
_LOOP_GET_STATUS64 = 0x4C05
_LOOP_CONFIGURE = 0x4C0A
_LOOP_CTL_GET_FREE = 0x4C82
_LO_FLAGS_READ_ONLY = 1
_LO_FLAGS_AUTOCLEAR = 4

_LABEL_BYTES = 64
_CONTROL = (10, 237)
_ATTEMPTS = 200

# struct loop_info64: five u64, seven u32 (the sixth is lo_flags at offset 52), the names, ...
_INFO_BYTES = 232
_FLAGS_AT = 52
_LABEL_AT = 56
# struct loop_config: fd, block size, loop_info64, eight reserved u64
_CONFIG = struct.Struct(f"=II{_INFO_BYTES}s64x")


def label(*parts: str) -> str:
    """ "snapcert:RUN:GUEST:DISK". Raises AgentProblem where it does not fit into the device."""
    text = ":".join((PREFIX, *parts))
    if len(text.encode()) >= _LABEL_BYTES:
        raise AgentProblem(
            Code.BAD_REQUEST,
            f"the label {text} does not fit into a loop device's {_LABEL_BYTES - 1} bytes",
            "use shorter names for the run, the guest or the disk",
        )
    return text


def attach(path: str, name: str, read_only: bool = False) -> tuple[int, int]:
    """Attach a file under the label `name`: the device's number and a descriptor of it.

    The descriptor keeps it attached until it is mounted; the caller closes it then. Raises
    AgentProblem (no-loop-device).
    """
    _make_node("/dev/loop-control", stat.S_IFCHR, *_CONTROL)
    mode = os.O_RDONLY if read_only else os.O_RDWR
    backing = os.open(path, mode | os.O_CLOEXEC)
    try:
        with open("/dev/loop-control", "rb") as control:
            for _ in range(_ATTEMPTS):
                number = fcntl.ioctl(control, _LOOP_CTL_GET_FREE)
                device = os.open(_node(number), mode | os.O_CLOEXEC)
                try:
                    _configure(device, backing, name, read_only)
                except OSError as error:
                    os.close(device)
                    # Between the two steps somebody else took it: ask for another.
                    if error.errno == errno.EBUSY:
                        continue
                    raise
                return number, device
    except OSError as error:
        raise _none_free(error.strerror or str(error)) from error
    finally:
        os.close(backing)
    raise _none_free("each free one was taken by others at once")


def _configure(device: int, backing: int, name: str, read_only: bool) -> None:
    info = bytearray(_INFO_BYTES)
    flags = _LO_FLAGS_AUTOCLEAR | (_LO_FLAGS_READ_ONLY if read_only else 0)
    struct.pack_into("=I", info, _FLAGS_AT, flags)
    raw = name.encode()
    info[_LABEL_AT : _LABEL_AT + len(raw)] = raw
    fcntl.ioctl(device, _LOOP_CONFIGURE, _CONFIG.pack(backing, 0, bytes(info)))


def label_of(number: int) -> str | None:
    """The label of an attached device, "" where it has none; None where nothing is attached."""
    try:
        device = os.open(_node(number), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        info = fcntl.ioctl(device, _LOOP_GET_STATUS64, bytes(_INFO_BYTES))
    except OSError as error:
        if error.errno == errno.ENXIO:
            return None
        raise
    finally:
        os.close(device)
    raw = info[_LABEL_AT : _LABEL_AT + _LABEL_BYTES]
    return raw.split(b"\0", 1)[0].decode("utf-8", "replace")


def detach(number: int, name: str) -> None:
    """Detach a device, if it still carries this label; it goes when its last user has gone."""
    if label_of(number) != name:
        return
    device = os.open(_node(number), os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.ioctl(device, _LOOP_CLR_FD, 0)
    except OSError as error:
        if error.errno not in (errno.ENXIO, errno.EBUSY):
            raise
    finally:
        os.close(device)


def ours(runs: list[str] | None) -> Iterator[tuple[int, str]]:
    """Number and label of every device of these runs, of all runs for None."""
    numbers = sorted(
        int(name[4:])
        for name in os.listdir("/sys/block")
        if name.startswith("loop") and os.path.isdir(f"/sys/block/{name}/loop")
    )
    for number in numbers:
        name = label_of(number)
        parts = (name or "").split(":")
        if parts[0] == PREFIX and len(parts) > 2 and (runs is None or parts[1] in runs):
            yield number, ":".join(parts)


def counters(number: int) -> tuple[int, int]:
    """Completed writes, and writes under way, of a device; a frozen disk may still be read."""
    with open(f"/sys/block/loop{number}/stat", encoding="utf-8") as text:
        done = int(text.read().split()[4])
    with open(f"/sys/block/loop{number}/inflight", encoding="utf-8") as text:
        return done, int(text.read().split()[1])


def path_of(number: int) -> str:
    """The device's node, made where the container has none yet."""
    return _node(number)


def _node(number: int) -> str:
    path = f"/dev/loop{number}"
    _make_node(path, stat.S_IFBLK, 7, number)
    return path


def _make_node(path: str, kind: int, major: int, minor: int) -> None:
    if not os.path.exists(path):
        try:
            os.mknod(path, 0o660 | kind, os.makedev(major, minor))
        except FileExistsError:
            return  # another request made it meanwhile


def _none_free(why: str) -> AgentProblem:
    return AgentProblem(
        Code.NO_LOOP_DEVICE,
        f"no loop device could be attached: {why}",
        "the loop driver must be loaded, and the host's container have device rules for "
        "block 7:* and char 10:237; `snapcert cleanup` frees what crashed runs left",
    )
