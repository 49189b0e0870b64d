"""What a machine's container may have, judged without an engine."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from harness.machines.confinement import (
    HOST_DEVICES,
    MachineSpec,
    container_objections,
    create_arguments,
    image_objections,
)
from harness.machines.engine import EngineFacts, ImageFacts, is_overlay
from harness.machines.errors import UnsafeContainer

ENGINE = EngineFacts(
    address="unix:///x",
    version="28.0",
    api="1.48",
    kernel="6.1.0",
    system="linux",
    architecture="x86_64",
    storage_driver="overlay2",
    cpus=2,
    memory=8 << 30,
    security=("seccomp",),
    cgroup_version="2",
    runtime="runc",
)


def _image(*volumes: str, environment: tuple[str, ...] = ()) -> ImageFacts:
    return ImageFacts("sha256:1", "an/image", 1, volumes, environment)


def _spec(image: ImageFacts | None = None, network: str = "none") -> MachineSpec:
    return MachineSpec(
        role="guest",
        name="g-1",
        run="run",
        owner="owner",
        image=image or _image(),
        devices=("b 7:3 rwm",),
        network=network,
        memory=1 << 30,
        pids=100,
    )


def _inspection() -> dict[str, Any]:
    """What an engine shows of a container that is as we asked for it."""
    return {
        "Mounts": [{"Type": "tmpfs", "Destination": "/data"}],
        "Config": {"OpenStdin": True, "StdinOnce": True, "Tty": False},
        "HostConfig": {
            "Binds": None,
            "NetworkMode": "none",
            "Privileged": False,
            "PidMode": "",
            "UTSMode": "",
            "IpcMode": "private",
            "Init": False,
            "AutoRemove": True,
            "LogConfig": {"Type": "none", "Config": {}},
            "CapAdd": ["CAP_SYS_ADMIN", "MKNOD"],
            "DeviceCgroupRules": ["b 7:3 rwm"],
        },
    }


def test_what_was_asked_for_is_accepted() -> None:
    assert container_objections(_inspection(), _spec()) == []


def _bind(facts: dict[str, Any]) -> None:
    facts["HostConfig"]["Binds"] = ["/srv:/srv"]
    facts["Mounts"].append({"Type": "bind", "Source": "/srv", "Destination": "/srv"})


def _listed_bind(facts: dict[str, Any]) -> None:
    facts["Mounts"].append({"Type": "bind", "Source": "/srv", "Destination": "/srv"})


def _volume(facts: dict[str, Any]) -> None:
    facts["Mounts"].append({"Type": "volume", "Name": "v", "Destination": "/srv"})


def _asked_mount(facts: dict[str, Any]) -> None:
    facts["HostConfig"]["Mounts"] = [{"Type": "bind", "Source": "/srv", "Target": "/srv"}]


def _set(section: str, key: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(facts: dict[str, Any]) -> None:
        facts[section][key] = value

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_bind, "a bind mount of /srv at /srv"),
        (_listed_bind, "a bind mount of /srv at /srv"),
        (_volume, "a volume mount of v at /srv"),
        (_asked_mount, "a bind mount at /srv"),
        (_set("HostConfig", "VolumesFrom", ["other"]), "VolumesFrom other"),
        (_set("HostConfig", "Devices", [{"PathOnHost": "/dev/sda"}]), "/dev/sda"),
        (_set("HostConfig", "Privileged", True), "Privileged is True"),
        (_set("HostConfig", "PidMode", "host"), "PidMode is 'host'"),
        (_set("HostConfig", "UTSMode", "host"), "UTSMode is 'host'"),
        (_set("HostConfig", "IpcMode", "host"), "IpcMode is 'host'"),
        (_set("HostConfig", "Init", True), "Init is True"),
        (_set("HostConfig", "AutoRemove", False), "AutoRemove is False"),
        (_set("HostConfig", "NetworkMode", "host"), "NetworkMode is 'host'"),
        (_set("HostConfig", "LogConfig", {"Type": "json-file"}), "would be logged"),
        (_set("HostConfig", "CapAdd", ["SYS_ADMIN", "SYS_PTRACE"]), "SYS_PTRACE"),
        (_set("HostConfig", "DeviceCgroupRules", ["b *:* rwm"]), "b *:* rwm"),
        (_set("Config", "StdinOnce", False), "StdinOnce is False"),
        (_set("Config", "Tty", True), "Tty is True"),
    ],
)
def test_each_thing_beside_it_is_named(
    change: Callable[[dict[str, Any]], None], words: str
) -> None:
    facts = copy.deepcopy(_inspection())
    change(facts)
    objections = container_objections(facts, _spec())
    assert any(words in objection for objection in objections), objections


def test_volumes_of_an_image_are_masked() -> None:
    _, host = create_arguments(_spec(_image("/var/lib/app", "/srv/x")), ENGINE)
    assert set(host["tmpfs"]) == {"/var/lib/app", "/srv/x"}


@pytest.mark.parametrize("volume", ["/", "/etc", "/usr/", "/proc", "data", "/srv/../etc"])
def test_a_volume_over_the_system_is_refused(volume: str) -> None:
    with pytest.raises(UnsafeContainer) as caught:
        create_arguments(_spec(_image(volume)), ENGINE)
    assert "an/image" in caught.value.message
    assert repr(volume) in caught.value.message


def test_an_image_that_asks_for_the_machines_devices_is_refused() -> None:
    assert image_objections(_image(environment=("NVIDIA_VISIBLE_DEVICES=all",)))
    assert not image_objections(_image(environment=("NVIDIA_VISIBLE_DEVICES=void", "A=b")))


def test_the_seccomp_profile_of_the_engine_stays() -> None:
    for security in (("seccomp",), ("seccomp", "apparmor", "selinux")):
        facts = EngineFacts(**{**vars(ENGINE), "security": security})
        _, host = create_arguments(_spec(), facts)
        assert not any("seccomp" in option for option in host["security_opt"])
        assert ("apparmor=unconfined" in host["security_opt"]) == ("apparmor" in security)
        assert ("label=disable" in host["security_opt"]) == ("selinux" in security)


def test_a_guest_gets_its_own_devices_only() -> None:
    _, host = create_arguments(_spec(), ENGINE)
    assert host["device_cgroup_rules"] == ["b 7:3 rwm"]
    assert not set(HOST_DEVICES) & set(host["device_cgroup_rules"])
    assert host["privileged"] is False
    assert host["init"] is False


def test_a_shared_network_is_the_hosts() -> None:
    config, host = create_arguments(_spec(network="abc"), ENGINE)
    assert host["network_mode"] == "container:abc"
    assert "hostname" not in config


@pytest.mark.parametrize(
    ("driver", "allowed"),
    [("overlay2", True), ("overlayfs", True), ("vfs", False), ("btrfs", False), ("zfs", False)],
)
def test_only_overlay_storage_is_safe(driver: str, allowed: bool) -> None:
    assert is_overlay(driver) is allowed
