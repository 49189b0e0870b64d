"""kit.toml: what a script kit says of itself, and what is wrong with it.

A TOML document in, a `Manifest` out, or the first thing that is wrong as a `ManifestError`; nothing
here reads a file. Sizes are bytes, deadlines seconds, paths in the guest absolute, paths in the kit
relative to its folder.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from harness.certify.table import ManifestError, Table
from harness.history import Filesystem, Shape
from harness.machines.layout import ROOT_SIZE, SMALLEST, DiskSpec, Layout

#: Where a kit's files are in its guests.
KIT_FOLDER = "/opt/kit"

#: Mount points that belong to the system or to the suite.
RESERVED = ("/dev", "/etc", "/proc", "/run", "/sys", "/tmp", "/usr", KIT_FOLDER)

#: Names of kits, and of Debian's packages.
KIT_NAME = r"[a-z0-9]+([._-][a-z0-9]+)*"
PACKAGE = r"[a-z0-9][a-z0-9.+-]+"

#: Seconds that a command gets where the kit does not say.
_USUAL_DEADLINE = 30.0


@dataclass(frozen=True)
class Command:
    """A command of the application: its argument vector, the user who runs it, its deadline."""

    argv: tuple[str, ...]
    user: str
    deadline: float


@dataclass(frozen=True)
class Install:
    """A file of the kit that is also put elsewhere in the guest, root-owned."""

    source: str
    target: str
    mode: int


@dataclass(frozen=True)
class SecretFile:
    """The secrets that the kit needs by their names, and where the guest's file of them is."""

    names: tuple[str, ...]
    target: str


@dataclass(frozen=True)
class Scripts:
    """The config and the two scripts: files of the kit, and the modes they are installed with."""

    config: str
    pre: str
    post: str
    config_mode: int = 0o600
    pre_mode: int = 0o700
    post_mode: int = 0o700


@dataclass(frozen=True)
class Commands:
    """What the application can be asked to do.

    `setup` is run in every fresh guest (what a package's installation does), `init` once on empty
    disks; `start` runs the application, in the foreground or not; `ready` succeeds once it
    answers; `workload` writes the ledger's lines until it is told to end; `state` prints what must
    be the same before and after a backup; `verify` what a restored application holds.
    """

    start: Command
    ready: Command
    workload: Command
    verify: Command
    state: Command
    setup: Command | None = None
    init: Command | None = None
    stop: Command | None = None

    def scaled(self, factor: float) -> Commands:
        """The same commands with `factor` times as long for each."""
        patient = {
            name: dataclasses.replace(command, deadline=command.deadline * factor)
            for name, command in vars(self).items()
            if command is not None
        }
        return dataclasses.replace(self, **patient)


@dataclass(frozen=True)
class Manifest:
    """All of kit.toml. Exactly one of `packages` and `dockerfile` is used for the guest's image.

    `stops_writes`: nothing is acknowledged between the pre-script's end and the post-script's
    start. `environment` is given to every command of the application. `data` are folders besides
    the disks' mount points in which it keeps data. `base` is the folder of another kit, from this
    one's: its files are this kit's too. `secrets` is None where it needs none.
    """

    name: str
    vendor: str
    version: str
    description: str
    packages: tuple[str, ...]
    dockerfile: str | None
    layout: Layout
    scripts: Scripts
    installs: tuple[Install, ...]
    stops_writes: bool
    environment: Mapping[str, str]
    commands: Commands
    data: tuple[str, ...] = ()
    base: str = ""
    secrets: SecretFile | None = None

    @property
    def own_folders(self) -> tuple[str, ...]:
        """Folders in which the application changes files by itself, all the time."""
        disks = (disk.mountpoint for disk in self.layout.disks if not disk.carries_root)
        return (*disks, *self.data)

    def on_filesystem(self, filesystem: Filesystem) -> Manifest:
        """The same kit with its disks on another filesystem, made larger where that needs it."""
        disks = tuple(
            dataclasses.replace(
                disk,
                filesystem=filesystem,
                size=max(disk.bytes, SMALLEST[filesystem]),
            )
            for disk in self.layout.disks
        )
        return dataclasses.replace(self, layout=dataclasses.replace(self.layout, disks=disks))


def parse_manifest(document: Mapping[str, Any]) -> Manifest:
    """Read the document; raises the first ManifestError."""
    top = Table(document, "")
    kit = top.table("kit")
    name = kit.matching("name", KIT_NAME, "lower-case letters, digits, single . _ or -")
    vendor = kit.text("vendor")
    version = kit.text("version")
    description = kit.text("description", "")
    base = kit.text("base", "")
    if base.startswith("/"):
        raise kit.wrong("base", f"{base!r} is a full path", "write it from this kit's folder")
    kit.done()
    guest = top.table("guest")
    packages = guest.texts("packages", ())
    dockerfile = guest.relative("dockerfile", "") or None
    shape: Shape = guest.choice("shape", get_args(Shape), "data")
    for package in packages:
        if not re.fullmatch(PACKAGE, package):
            raise guest.wrong("packages", f"{package!r} is no name of a Debian package")
    if dockerfile and packages:
        raise guest.wrong("dockerfile", "packages and dockerfile exclude one another")
    guest.done()
    disks = tuple(_disk(table) for table in top.tables("disks", least=1))
    layout = _layout(shape, disks)
    scripts = _scripts(top.table("scripts"))
    installs = tuple(_install(table) for table in top.tables("install"))
    secrets = _secrets(top.table("secrets")) if "secrets" in top else None
    application = top.table("application")
    manifest = Manifest(
        name=name,
        vendor=vendor,
        version=version,
        description=description,
        packages=packages,
        dockerfile=dockerfile,
        layout=layout,
        scripts=scripts,
        installs=installs,
        stops_writes=application.flag("stops_writes"),
        environment=application.strings("environment"),
        commands=_commands(application),
        data=application.absolutes("data"),
        base=base,
        secrets=secrets,
    )
    application.done()
    top.done()
    return manifest


def _disk(table: Table) -> DiskSpec:
    filesystem: Filesystem = table.choice("filesystem", get_args(Filesystem), "ext4")
    mountpoint = table.absolute("mountpoint")
    if any(mountpoint == at or mountpoint.startswith(f"{at}/") for at in RESERVED):
        raise table.wrong("mountpoint", f"{mountpoint} belongs to the system or to the suite")
    smallest = ROOT_SIZE if mountpoint == "/" else SMALLEST[filesystem]
    size = table.size("size", smallest)
    if size < smallest:
        raise table.wrong(
            "size",
            f"{size} bytes are too few for {filesystem}",
            f"give it at least {-(-smallest // 1024**2)}M",
        )
    disk = DiskSpec(
        name=table.matching("name", r"[a-z0-9][a-z0-9-]{0,30}", "lower-case letters, digits, -"),
        filesystem=filesystem,
        size=size,
        mountpoint=mountpoint,
        carries_root=mountpoint == "/",
    )
    table.done()
    return disk


def _layout(shape: Shape, disks: Sequence[DiskSpec]) -> Layout:
    for what in ("name", "mountpoint"):
        seen: set[str] = set()
        for number, disk in enumerate(disks):
            value = getattr(disk, what)
            if value in seen:
                message = f"two disks have the same {what}, {value!r}"
                raise ManifestError(f"disks[{number}].{what}", message, f"give each its own {what}")
            seen.add(value)
    roots = [disk for disk in disks if disk.carries_root]
    if shape == "root-on-disk" and not roots:
        message = 'the shape root-on-disk needs a disk with the mountpoint "/"'
        raise ManifestError("guest.shape", message, 'add that disk, or use the shape "data"')
    if shape == "data" and roots:
        message = 'a disk is mounted at "/", but the shape is "data"'
        raise ManifestError("guest.shape", message, 'set shape = "root-on-disk" in [guest]')
    for disk in roots:
        if disk.filesystem == "ext2":
            message = "a root filesystem on ext2 can never be frozen and proves nothing"
            raise ManifestError("disks[].filesystem", message, "use ext3, ext4, xfs or btrfs")
    # A loopback of its own: what listens there must not meet, in a restored guest, the original.
    return Layout(shape=shape, disks=tuple(disks), network="none")


def _scripts(table: Table) -> Scripts:
    modes = table.table("modes", needed=False)
    scripts = Scripts(
        config=table.relative("config"),
        pre=table.relative("pre"),
        post=table.relative("post"),
        config_mode=modes.mode("config", 0o600),
        pre_mode=modes.mode("pre", 0o700),
        post_mode=modes.mode("post", 0o700),
    )
    modes.done()
    table.done()
    return scripts


def _install(table: Table) -> Install:
    install = Install(
        source=table.relative("source"),
        target=table.absolute("target"),
        mode=table.mode("mode", 0o644),
    )
    if install.target == "/":
        raise table.wrong("target", "/ is no file")
    table.done()
    return install


def _secrets(table: Table) -> SecretFile:
    names = table.texts("names")
    for name in names:
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            raise table.wrong("names", f"{name!r} is no name of a variable")
    if not names or len(set(names)) < len(names):
        raise table.wrong("names", "it is empty, or has a name twice", "name each secret once")
    target = table.absolute("target")
    if target.startswith(("/dev/", "/proc/", "/sys/", f"{KIT_FOLDER}/")) or target == "/":
        raise table.wrong("target", f"{target} belongs to the system or to the suite")
    table.done()
    return SecretFile(names, target)


def _commands(application: Table) -> Commands:
    user = application.text("user", "root")
    needed = {
        field.name for field in dataclasses.fields(Commands) if field.default is dataclasses.MISSING
    }
    found: dict[str, Command | None] = {}
    for field in dataclasses.fields(Commands):
        if field.name not in needed and field.name not in application:
            continue
        table = application.table(field.name)
        argv = table.texts("command")
        if not argv or not argv[0].startswith("/"):
            raise table.wrong(
                "command",
                "it must begin with the full path of a program",
                'write a list of arguments, such as ["/opt/kit/bin/start"]; no shell reads it',
            )
        found[field.name] = Command(
            argv=argv,
            user=table.text("user", user),
            deadline=table.seconds("deadline", _USUAL_DEADLINE),
        )
        table.done()
    return Commands(**found)  # type: ignore[arg-type]  # the needed ones are never None
