"""Mounts of a guest: away with the engine's binds, then its own disks, in both shapes.

In the shape `data` the container's overlay is the root and disks are mounted into it. In
`root-on-disk` the root is a disk, mounted at GUEST_ROOT; everything but the agent is chrooted
there, and finds proc, sys, dev and run as a machine has them.
"""

from __future__ import annotations

import os
import stat

from . import linux, mountinfo, subvolumes
from .problem import AgentProblem
from .wire import Code

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

GUEST_ROOT = "/guest"
#: Where the helpers live: never on a disk, so that they work while all disks are frozen.
HOME = "/run/snapcert"
# A disk is mounted here for a moment, where the guest shall see a part of it only.
_ASIDE = "/run/snapcert-aside"

_NODES = {"null": 3, "zero": 5, "full": 7, "random": 8, "urandom": 9}
_HOSTS = b"127.0.0.1\tlocalhost\n::1\tlocalhost\n"


def drop_engine_binds() -> None:
    """Unmount what the engine bound from the machine's filesystem. Raises AgentProblem."""
    for mount in mountinfo.read_mounts():
        if mount.point in mountinfo.ENGINE_BINDS:
            try:
                linux.unmount(mount.point)
            except OSError as error:
                raise AgentProblem(
                    Code.UNSAFE_MOUNT,
                    f"{mount.point}, bound from the machine, can't be unmounted: {error.strerror}",
                    "the container needs SYS_ADMIN, and an AppArmor profile that allows umount",
                ) from error
    _write_hosts("/etc/hosts")


def set_up(wanted: dict[str, Any]) -> str:
    """Mount a guest's disks and its surroundings; the root its processes get.

    `wanted` is `shapes.Prepare`. Raises AgentProblem (mount).
    """
    disks: list[dict[str, Any]] = sorted(wanted["disks"], key=lambda d: str(d["mountpoint"]))
    root = "/"
    carrier = next((disk for disk in disks if disk.get("carries_root")), None)
    _make_node("/dev", disks)
    _mask_loop(disks)
    if wanted["shape"] == "root-on-disk":
        if carrier is None:
            raise AgentProblem(
                Code.BAD_REQUEST,
                "a root-on-disk guest has no disk that carries the root",
                "mark one of its disks with carries_root",
            )
        root = GUEST_ROOT
        os.makedirs(root, exist_ok=True)
        mount_disk(carrier, root)
        _surround(root, disks)
    else:
        _own_tmpfs(HOME)
    for disk in disks:
        if disk.get("part"):
            mount_part(disk, place(root, disk["mountpoint"]))
        elif disk is not carrier:
            mount_disk(disk, place(root, disk["mountpoint"]))
    for extra in wanted.get("extra_mounts", []):
        _mount_extra(root, extra, disks)
    _hide_parts(root, disks)
    return root


def check(devices: Iterable[str], fresh: bool) -> list[mountinfo.Mount]:
    """All mounts, if only safe ones are there; else AgentProblem (unsafe-mount) names them.

    `fresh`: nothing of the guest ran yet, so a tmpfs that holds files came from elsewhere.
    """
    mounts = mountinfo.read_mounts()
    filled = _filled(mounts) if fresh else []
    findings = mountinfo.judge(mounts, devices, filled)
    if findings:
        raise AgentProblem(
            Code.UNSAFE_MOUNT,
            "mounted in the guest, but not its own: " + "; ".join(findings),
            "start the container without binds and volumes, on an overlay storage driver",
        )
    return mounts


def _filled(mounts: Iterable[mountinfo.Mount]) -> list[str]:
    ours = ("/proc", "/sys", "/dev")
    return [
        mount.point
        for mount in mounts
        if mount.kind == "tmpfs"
        and not any(mountinfo.below(mount.point, folder) for folder in ours)
        and os.listdir(mount.point)
    ]


def _make_node(folder: str, disks: Iterable[dict[str, Any]]) -> None:
    for disk in disks:
        major, minor = (int(part) for part in disk["device"].split(":"))
        path = f"{folder}/loop{minor}"
        if not os.path.exists(path):
            os.mknod(path, 0o660 | stat.S_IFBLK, os.makedev(major, minor))


def mount_disk(disk: dict[str, Any], point: str) -> None:
    """Mount a disk as `shapes.GuestDisk` says. Raises AgentProblem (mount)."""
    flags, data = linux.mount_options(disk.get("options", ""))
    device = f"/dev/loop{disk['device'].split(':')[1]}"
    os.makedirs(point, exist_ok=True)
    try:
        _make_subvolume(disk, device, data)
        linux.mount(device, point, disk["filesystem"], flags, data)
    except OSError as error:
        raise AgentProblem(
            Code.MOUNT,
            f"disk {disk['name']} ({disk['filesystem']}, {device}) can't be mounted at "
            f"{disk['mountpoint']}: {error.strerror}",
            "the host must have it attached, and mounted with the same ro or rw",
        ) from error


def mount_part(disk: dict[str, Any], point: str) -> None:
    """Bind one file or folder of a disk, as engines bind their machine's; the rest is not seen."""
    os.makedirs(_ASIDE, exist_ok=True)
    mount_disk(disk, _ASIDE)
    source = f"{_ASIDE}/shared"
    if disk["part"] == "folder":
        os.makedirs(source, exist_ok=True)
        os.makedirs(point, exist_ok=True)
    else:
        for path in (source, point):
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "ab"):
                pass
    linux.mount(source, point, "", linux.MS_BIND)
    linux.unmount(_ASIDE, linux.MNT_DETACH)
    os.rmdir(_ASIDE)


def _hide_parts(root: str, disks: Iterable[dict[str, Any]]) -> None:
    """A disk of which the guest has a part only is not its own: it has no node here."""
    for disk in disks:
        if disk.get("part"):
            for folder in {"/dev", place(root, "/dev")}:
                os.unlink(f"{folder}/loop{disk['device'].split(':')[1]}")


def _mount_extra(root: str, extra: dict[str, Any], disks: Sequence[dict[str, Any]]) -> None:
    target = place(root, extra["target"])
    flags, data = linux.mount_options(extra.get("options", ""))
    if extra["kind"] == "tmpfs":
        os.makedirs(target, exist_ok=True)
        linux.mount("tmpfs", target, "tmpfs", flags, data)
    elif extra["kind"] == "remount":
        linux.mount("", target, "", linux.MS_BIND | linux.MS_REMOUNT | flags)
    elif extra["kind"] == "bind":
        source = place(root, extra["source"])
        os.makedirs(source, exist_ok=True)
        os.makedirs(target, exist_ok=True)
        linux.mount(source, target, "", linux.MS_BIND)
        if flags:
            linux.mount("", target, "", linux.MS_BIND | linux.MS_REMOUNT | flags)
    else:
        disk = next(disk for disk in disks if disk["name"] == extra["source"])
        mount_disk({**disk, "options": extra.get("options", "")}, target)


def _make_subvolume(disk: dict[str, Any], device: str, data: str) -> None:
    """The subvolume that the options name, where the disk does not have it yet."""
    name = next((o[len("subvol=") :] for o in data.split(",") if o.startswith("subvol=")), "")
    if not name:
        return
    os.makedirs(_ASIDE, exist_ok=True)
    linux.mount(device, _ASIDE, disk["filesystem"])
    try:
        if not os.path.isdir(f"{_ASIDE}/{name}"):
            subvolumes.create(f"{_ASIDE}/{name}")
    finally:
        linux.unmount(_ASIDE)
        os.rmdir(_ASIDE)


def _surround(root: str, disks: Iterable[dict[str, Any]]) -> None:
    """proc, sys, run and dev of a root on a disk.

    proc and sys are the container's own, bound with what the engine masked in them: a fresh proc
    would have a writable core_pattern.
    """
    for name in ("proc", "sys"):
        point = f"{root}/{name}"
        os.makedirs(point, exist_ok=True)
        linux.mount(f"/{name}", point, "", linux.MS_BIND | linux.MS_REC)
    _own_tmpfs(f"{root}/run")
    dev = f"{root}/dev"
    os.makedirs(dev, exist_ok=True)
    linux.mount("tmpfs", dev, "tmpfs", linux.MS_NOSUID, "mode=755,size=64k")
    for name, minor in _NODES.items():
        _device(f"{dev}/{name}", 1, minor)
    _device(f"{dev}/tty", 5, 0)
    for name, target in (
        ("fd", "/proc/self/fd"),
        ("stdin", "/proc/self/fd/0"),
        ("stdout", "/proc/self/fd/1"),
        ("stderr", "/proc/self/fd/2"),
        ("ptmx", "pts/ptmx"),
    ):
        os.symlink(target, f"{dev}/{name}")
    for name in ("pts", "shm", "mqueue"):
        if os.path.isdir(f"/dev/{name}"):
            os.mkdir(f"{dev}/{name}")
            linux.mount(f"/dev/{name}", f"{dev}/{name}", "", linux.MS_BIND)
    _make_node(dev, disks)
    _write_hosts(f"{root}/etc/hosts")


def _own_tmpfs(path: str) -> None:
    """A tmpfs from which programs can be run; engines mount theirs noexec."""
    os.makedirs(path, exist_ok=True)
    linux.mount("tmpfs", path, "tmpfs", linux.MS_NOSUID | linux.MS_NODEV, "mode=755")


def _mask_loop(disks: Iterable[dict[str, Any]]) -> None:
    """Hide what sysfs tells of a loop device's backing file, which is on the host.

    mount(8) and findmnt would name that file as the source, and an executor that believes them
    would take the disk for no block device at all.
    """
    for disk in disks:
        folder = os.path.realpath(f"/sys/block/loop{disk['device'].split(':')[1]}/loop")
        if os.path.isdir(folder):
            linux.mount("tmpfs", folder, "tmpfs", linux.MS_RDONLY, "size=4k")


def _device(path: str, major: int, minor: int) -> None:
    os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(major, minor))
    os.chmod(path, 0o666)  # noqa: S103 as the system has it


def _write_hosts(path: str) -> None:
    """A name for the loopback, where the engine's own file was in the way of one."""
    if not os.path.exists(path) or os.path.getsize(path) == 0:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as out:
            out.write(_HOSTS)


def place(root: str, path: str) -> str:
    """A path of the executor's as the agent sees it."""
    return path if root == "/" else root + path


def find_disk(device: str) -> str | None:
    """Where a disk is mounted, as the agent sees it; None where it is not."""
    for mount in mountinfo.read_mounts():
        if mount.is_disk([device]):
            return mount.point
    return None


def thaw_disk(device: str) -> bool:
    """Thaw one of the guest's disks; whether it was frozen. Nothing is held open afterwards."""
    point = find_disk(device)
    if point is None:
        return False
    try:
        descriptor = os.open(point, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return linux.thaw(descriptor)
    finally:
        os.close(descriptor)
