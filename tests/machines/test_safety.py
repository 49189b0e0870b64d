"""Host safety: what a hostile program in a guest reaches of the machine below it. Nothing."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.machines import runs
from harness.machines.confinement import MachineSpec, create_arguments
from harness.machines.engine import LABEL_RUN, Engine
from harness.machines.errors import UnsafeContainer
from harness.machines.guest import Guest, GuestFile
from harness.machines.host import Host
from harness.machines.launch import assert_confined
from harness.machines.layout import DiskSpec, Layout, data_disks, root_on_disk
from tests.machines.loops import is_local

HOSTILE = Path(__file__).with_name("hostile.py")

#: How an attempt may end: refused, or nothing there to attempt it on.
REFUSED = {"EPERM", "EACCES", "EROFS", "ENOENT", "ENXIO", "ENODEV", "ENOSYS", "ENETUNREACH"}

#: A root filesystem that is the kernel's own view or memory can't be frozen at all.
UNFREEZABLE = {"overlay", "proc", "sysfs", "tmpfs", "devpts", "mqueue", "cgroup", "cgroup2"}

LAYOUTS = {
    "data": data_disks(DiskSpec("data", "ext4")),
    "root-on-disk": root_on_disk("ext4", DiskSpec("data", "xfs")),
}


@pytest.fixture(params=sorted(LAYOUTS))
def guest(request: pytest.FixtureRequest, host: Host) -> Iterator[Guest]:
    with host.guest(LAYOUTS[request.param]) as made:
        yield made


def test_a_hostile_program_reaches_nothing(guest: Guest, tmp_path: Path) -> None:
    own = {disk.device for disk in guest.disks}
    for mount in guest.mounts():
        device, _, kind = mount.split()[:3]
        assert kind in UNFREEZABLE or device in own, f"not its own: {mount}"
    guest.put(GuestFile("/opt/hostile.py", HOSTILE.read_bytes(), "0755"))
    number = guest.disks[-1].device.split(":")[1]
    done = guest.run(["python3", "/opt/hostile.py", f"/dev/loop{number}"], deadline=60)
    attempts = [json.loads(line) for line in done.out.decode().splitlines()]
    assert attempts, done
    assert attempts[-1]["attempt"] == "done", (done.err.decode(), attempts[-1])
    reached = [
        a
        for a in attempts
        if a["attempt"] not in ("freeze", "done") and a["outcome"] not in REFUSED
    ]
    assert not reached, reached
    frozen = {a["outcome"].split()[0] for a in attempts if a["attempt"] == "freeze"}
    assert frozen == own, "its own disks, and only they, can be frozen"
    guest.check()
    _assert_machine_writable(tmp_path)


def _assert_machine_writable(folder: Path) -> None:
    """The test machine's own filesystem takes writes: nobody froze it."""
    program = (
        f"f = open({str(folder / 'x')!r}, 'w'); f.write('x'); f.flush(); import os; os.fsync(f)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=10)


def test_the_filter_reaches_what_was_spawned_too(guest: Guest) -> None:
    """Also a background process, its children, and another user's."""
    for user in ("root", "nobody"):
        process = guest.spawn(
            f"deep-{user}",
            ["/bin/sh", "-c", "(setsid sh -c 'umount /proc; unshare -m true; echo over')"],
            user=user,
            lines=True,
        )
        assert process.wait(20) is not None
        said = " ".join(text for _, text in process.lines())
        assert "over" in said
        assert said.count("permitted") + said.count("superuser") + said.count("denied") >= 2, said


def test_a_fixture_that_must_mount_gets_it_by_name_only(host: Host) -> None:
    layout = Layout(disks=(DiskSpec("data", "ext4"),), allow_mount=True)
    with host.guest(layout) as guest:
        assert guest.run(["mount", "-o", "remount,bind,ro", "/data"]).ok
        assert not guest.run(["unshare", "-m", "true"]).ok


def test_an_images_volume_is_masked_by_a_tmpfs(engine: Engine, image: str, host: Host) -> None:
    made = _image_with_volume(engine, image, "/var/lib/app")
    try:
        with host.guest(Layout(disks=(DiskSpec("data"),), image=made)) as guest:
            kinds = {m.split()[1]: m.split()[2] for m in guest.mounts()}
            assert kinds["/var/lib/app"] == "tmpfs"
            facts = engine.inspect(guest.container)
            assert all(mount["Type"] == "tmpfs" for mount in facts["Mounts"])
    finally:
        engine.api.remove_image(made, force=True)


def test_an_image_whose_volume_covers_the_system_is_refused(
    engine: Engine, image: str, host: Host
) -> None:
    made = _image_with_volume(engine, image, "/etc")
    try:
        before = host.usage()
        with pytest.raises(UnsafeContainer) as caught:
            host.guest(Layout(disks=(DiskSpec("data"),), image=made))
        assert "'/etc'" in caught.value.message
        assert host.guests() == ()
        assert host.usage()[1] == before[1]
    finally:
        engine.api.remove_image(made, force=True)


def _image_with_volume(engine: Engine, image: str, volume: str) -> str:
    """The image once more, with a VOLUME; nothing of it is ever run to make it."""
    repository, tag = "snapcert-test", f"volume-{uuid.uuid4().hex[:12]}"
    container = engine.api.create_container(
        image, command=["true"], labels={LABEL_RUN: "test-image"}, network_disabled=True
    )["Id"]
    try:
        engine.api.commit(container, repository, tag, conf={"Volumes": {volume: {}}})
    finally:
        engine.api.remove_container(container, force=True)
    return f"{repository}:{tag}"


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        ({"binds": ["/srv:/srv"]}, "a bind mount of /srv at /srv"),
        ({"init": True}, "Init is True"),
        ({"ipc_mode": "host"}, "IpcMode is 'host'"),
        ({"pid_mode": "host"}, "PidMode is 'host'"),
        ({"auto_remove": False}, "AutoRemove is False"),
    ],
)
def test_a_container_with_more_than_its_specification_is_refused(
    engine: Engine, image: str, extra: dict[str, Any], words: str
) -> None:
    """As an engine with default mounts of its own would make it; it is never started."""
    if "binds" in extra and not (is_local(engine) and Path("/srv").is_dir()):
        pytest.skip("there is no /srv on the engine's machine that could be bound")
    spec = MachineSpec(
        role="guest",
        name=f"t-{uuid.uuid4().hex[:8]}",
        run=runs.new_run_id(),
        owner=runs.owner_id(),
        image=engine.image(image),
        devices=(),
        network="none",
        memory=1 << 28,
        pids=50,
    )
    config, host_config = create_arguments(spec, engine.facts)
    container = engine.create(f"snapcert-test-{spec.name}", config, host_config | extra)
    try:
        with pytest.raises(UnsafeContainer) as caught:
            assert_confined(engine, container, spec)
        assert words in caught.value.message
    finally:
        engine.remove(container)
