"""Mounts of a container: reading them, and the judgement which of them a guest may have.

Whatever a guest can open it can freeze, so nothing may be mounted but what is the guest's own: a
bind from the machine's filesystem, frozen, would stop the machine for good.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

#: What docker binds from the machine's own filesystem into every container.
ENGINE_BINDS = ("/etc/hosts", "/etc/hostname", "/etc/resolv.conf")

_VIRTUAL = ("proc", "sysfs", "tmpfs", "devpts", "mqueue", "cgroup", "cgroup2")
# Through these, writable, a guest reaches the whole machine (release_agent, device power, ...).
_READ_ONLY = ("sysfs", "cgroup", "cgroup2")


class Mount:
    """One line of mountinfo; `point` and `root` are unescaped, `device` is "MAJOR:MINOR"."""

    __slots__ = ("device", "id", "kind", "options", "point", "root", "source", "super_options")

    def __init__(self, line: str) -> None:
        before, _, after = line.partition(" - ")
        fields = before.split(" ")
        kind, source, super_options = after.split(" ")[:3]
        self.id = int(fields[0])
        self.device = fields[2]
        self.root = _unescape(fields[3])
        self.point = _unescape(fields[4])
        self.options = tuple(fields[5].split(","))
        self.kind = kind
        self.source = _unescape(source)
        self.super_options = tuple(super_options.split(","))

    @property
    def read_only(self) -> bool:
        """Whether nothing can be written through this mount."""
        return "ro" in self.options or "ro" in self.super_options

    def text(self, root: str = "/") -> str:
        """ "DEVICE MOUNTPOINT FSTYPE OPTIONS", the mount point as seen under `root`."""
        seen = below(self.point, root)
        return f"{self.device} {seen or '/'} {self.kind} {','.join(self.options)}"

    def is_disk(self, devices: Iterable[str]) -> bool:
        """Whether it is one of the loop devices "7:N"; btrfs shows a number of its own."""
        if self.kind == "btrfs":
            return self.source in {f"/dev/loop{device.split(':')[1]}" for device in devices}
        return self.device in devices


def read_mounts(path: str = "/proc/self/mountinfo") -> list[Mount]:
    """All mounts of this process's namespace, in mount order."""
    with open(path, encoding="utf-8", errors="surrogateescape") as lines:
        return [Mount(line) for line in lines.read().splitlines()]


def below(path: str, root: str) -> str | None:
    """`path` as seen by a process whose root is `root`; None where it can't see it."""
    if root == "/":
        return path
    if path == root:
        return "/"
    return path[len(root) :] if path.startswith(root + "/") else None


def judge(mounts: Sequence[Mount], devices: Iterable[str], filled: Iterable[str] = ()) -> list[str]:
    """Why these mounts are not safe, a sentence for each that is not; nothing where all are.

    `devices` are the guest's own disks, "7:N". `filled` are mount points of tmpfs that already
    held something before the guest's first process ran: an engine's own tmpfs is empty then, one
    that was bound from the machine is not.
    """
    own = tuple(devices)
    held = set(filled)
    device_of_dev = {mount.device for mount in mounts if mount.point == "/dev"}
    findings = []
    for mount in mounts:
        reason = _reason(mount, own, held, device_of_dev)
        if reason:
            findings.append(f"{mount.point} ({mount.kind}, {mount.source}): {reason}")
    if not any(m.point == "/proc/sys" and m.read_only for m in mounts):
        findings.append("/proc/sys: is writable, so the container is privileged")
    return findings


def _reason(mount: Mount, devices: tuple[str, ...], filled: set[str], dev: set[str]) -> str:
    if mount.is_disk(devices):
        return ""
    if mount.kind == "overlay":
        return "" if mount.point == "/" else "a second overlay is none of the guest's disks"
    if mount.kind not in _VIRTUAL:
        return "is neither a disk of this guest nor a filesystem of the container's own"
    if mount.kind in _READ_ONLY and not mount.read_only:
        return "is writable, so the machine could be changed through it"
    if mount.kind == "tmpfs":
        if mount.root != "/" and mount.device not in dev:
            return f"is a bind of {mount.root} from another tmpfs"
        if mount.point in filled:
            return "held files before the guest began, so it was bound from elsewhere"
    return ""


def _unescape(text: str) -> str:
    if "\\" not in text:
        return text
    for code, char in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(code, char)
    return text
