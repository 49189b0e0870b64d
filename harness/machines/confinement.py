"""What a machine's container may have: judged here, purely, before anything runs in it.

A host or guest holds SYS_ADMIN, so it could freeze whatever it can open. It gets nothing of the
engine's own machine to open: no bind, no volume, no namespace but its own, no device but its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.machines.agent import wire
from harness.machines.engine import (
    LABEL_CREATED,
    LABEL_MACHINE,
    LABEL_NAME,
    LABEL_ROLE,
    LABEL_RUN,
    EngineFacts,
    ImageFacts,
)
from harness.machines.errors import UnsafeContainer

#: Folders that a machine needs to be a machine: no volume of an image may cover them.
_SYSTEM = (
    "/", "/bin", "/boot", "/dev", "/etc", "/lib", "/lib32", "/lib64", "/libx32", "/proc", "/root",
    "/run", "/sbin", "/sys", "/usr", "/usr/bin", "/usr/lib", "/usr/local", "/usr/sbin",
    "/usr/share", "/var", "/var/lib",
)  # fmt: skip

#: Capabilities of the engine's default set that no machine needs.
_DROPPED: Mapping[str, tuple[str, ...]] = {
    "guest": ("NET_RAW",),
    "host": ("NET_RAW", "NET_BIND_SERVICE", "AUDIT_WRITE", "SETPCAP"),
}
_ADDED = ("SYS_ADMIN", "MKNOD")

#: The host alone may use every loop device, and the control device that hands them out.
HOST_DEVICES = ("b 7:* rwm", "c 10:237 rwm")


@dataclass(frozen=True)
class MachineSpec:
    """A host or guest to be started.

    `devices` are rules of the device cgroup, fixed for the container's life. `network` is "none"
    or the id of the host whose empty network namespace it shares. `memory` is bytes. `tmpfs` maps
    mount points to options.
    """

    role: str
    name: str
    run: str
    owner: str
    image: ImageFacts
    devices: tuple[str, ...]
    network: str
    memory: int
    pids: int
    tmpfs: Mapping[str, str] = field(default_factory=dict)
    created: str = ""


def image_objections(image: ImageFacts) -> list[str]:
    """Why this image may not become a machine; empty where it may."""
    found = []
    for volume in image.volumes:
        if not volume.startswith("/") or ".." in volume.split("/"):
            found.append(f"its VOLUME {volume!r} is no absolute path")
        elif (volume.rstrip("/") or "/") in _SYSTEM:
            found.append(f"its VOLUME {volume!r} would cover a folder of the system")
    for variable in image.environment:
        name, _, value = variable.partition("=")
        if name == "NVIDIA_VISIBLE_DEVICES" and value not in ("", "void", "none"):
            found.append(f"its environment {variable!r} asks for devices of the machine")
    return found


def create_arguments(
    spec: MachineSpec, engine: EngineFacts
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The SDK's arguments for a container and for its host configuration.

    Raises UnsafeContainer where the image may not become a machine.
    """
    objections = image_objections(spec.image)
    if objections:
        raise UnsafeContainer(
            f"the image {spec.image.reference} is refused: {'; '.join(objections)}",
            "build the image without it, or choose another image",
            "unsafe-image",
        )
    config = {
        "image": spec.image.id,
        "entrypoint": ["python3", "-I", "-S", "-c", wire.BOOTSTRAP],
        "stdin_open": True,
        "tty": False,
        "detach": False,  # with stdin_open this is StdinOnce: our end is the machine's end
        "user": "0:0",
        "working_dir": "/",
        "hostname": spec.name[:63],
        "healthcheck": {"test": ["NONE"]},
        "labels": {
            LABEL_RUN: spec.run,
            LABEL_ROLE: spec.role,
            LABEL_MACHINE: spec.owner,
            LABEL_CREATED: spec.created,
            LABEL_NAME: spec.name,
        },
    }
    # A VOLUME would be a folder of the machine's own filesystem, read-write: a tmpfs hides it.
    tmpfs = dict.fromkeys(spec.image.volumes, "rw,exec,mode=0755") | dict(spec.tmpfs)
    host_config: dict[str, Any] = {
        "auto_remove": True,
        "log_config": {"Type": "none", "Config": {}},
        "network_mode": spec.network if spec.network == "none" else f"container:{spec.network}",
        "ipc_mode": "private",
        "userns_mode": "host",
        "init": False,
        "privileged": False,
        "cap_add": list(_ADDED),
        "cap_drop": list(_DROPPED[spec.role]),
        "device_cgroup_rules": list(spec.devices),
        "security_opt": _security(engine),
        "tmpfs": tmpfs,
        "mem_limit": spec.memory,
        "memswap_limit": spec.memory,
        "pids_limit": spec.pids,
    }
    if spec.network != "none":
        del config["hostname"]  # the engine refuses one beside another container's network
    return config, host_config


def _security(engine: EngineFacts) -> list[str]:
    """Only what a distribution's profile would deny us: mount(2). The seccomp profile stays."""
    options = []
    if "apparmor" in engine.security:
        options.append("apparmor=unconfined")
    if "selinux" in engine.security:
        options.append("label=disable")
    return options


def container_objections(facts: Mapping[str, Any], spec: MachineSpec) -> list[str]:
    """What the engine made of a created container beside what we asked for; empty where nothing.

    `facts` is the engine's inspection. An engine may add of its own: volumes, binds, an init of
    the machine, a log.
    """
    config, host = facts.get("Config") or {}, facts.get("HostConfig") or {}
    found = _foreign_mounts(facts)
    found += [
        f"{key} {_listed(host[key])}"
        for key in ("Binds", "VolumesFrom", "Devices", "DeviceRequests", "Links")
        if host.get(key)
    ]
    expected: Sequence[tuple[Mapping[str, Any], str, tuple[Any, ...]]] = (
        (host, "Privileged", (False,)),
        (host, "PidMode", ("", "private")),
        (host, "UTSMode", ("", "private")),
        (host, "IpcMode", ("private",)),
        (host, "Init", (False, None)),
        (host, "AutoRemove", (True,)),
        (config, "OpenStdin", (True,)),
        (config, "StdinOnce", (True,)),
        (config, "Tty", (False,)),
    )
    found += [
        f"{key} is {source.get(key)!r}"
        for source, key, allowed in expected
        if source.get(key) not in allowed
    ]
    network = spec.network if spec.network == "none" else f"container:{spec.network}"
    if host.get("NetworkMode") != network:
        found.append(f"NetworkMode is {host.get('NetworkMode')!r}")
    if (host.get("LogConfig") or {}).get("Type") != "none":
        found.append("its output would be logged")
    added = {str(cap).removeprefix("CAP_") for cap in host.get("CapAdd") or ()}
    if not added <= set(_ADDED):
        found.append(f"capabilities {', '.join(sorted(added - set(_ADDED)))}")
    if tuple(host.get("DeviceCgroupRules") or ()) != spec.devices:
        found.append(f"device rules {_listed(host.get('DeviceCgroupRules') or ())}")
    return found


def _foreign_mounts(facts: Mapping[str, Any]) -> list[str]:
    """All that is mounted and no tmpfs, as the engine lists it and as it was asked for."""
    listed = [
        f"a {mount.get('Type')} mount of {mount.get('Source') or mount.get('Name')} "
        f"at {mount.get('Destination')}"
        for mount in facts.get("Mounts") or ()
        if mount.get("Type") != "tmpfs"
    ]
    asked = [
        f"a {mount.get('Type')} mount at {mount.get('Target')}"
        for mount in (facts.get("HostConfig") or {}).get("Mounts") or ()
        if mount.get("Type") != "tmpfs"
    ]
    return listed + asked


def _listed(items: Any) -> str:
    return ", ".join(str(item) for item in items)
