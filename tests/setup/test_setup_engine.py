"""Which engine is used: the user's, the system's, the private one; never one beside the named."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness.machines.engine import DEFAULT_SOCKET, PRIVATE_SOCKET, Engine
from harness.problem import EngineProblem, IncompleteProblem
from setup import apt, daemon, engine
from setup.steps import ROOT

_NONE = EngineProblem("no container engine answers (tried everything)", "make engine")


class _World:
    """A machine as the choice sees it; `done` notes what was done to it."""

    def __init__(self) -> None:
        self.answering: str | EngineProblem = _NONE
        self.private_runs = False
        self.dockerd: str | None = "/usr/sbin/dockerd"
        self.installed: str | None = "/usr/sbin/dockerd"
        self.apt_problem: IncompleteProblem | None = None
        self.system_comes_up = False
        self.usable: EngineProblem | None = None
        self.done: list[str] = []

    def connect(self, timeout: float) -> Any:
        if isinstance(self.answering, EngineProblem):
            raise self.answering

        def assert_usable() -> SimpleNamespace:
            if self.usable:
                raise self.usable
            return SimpleNamespace(
                address=self.answering, version="20.10", storage_driver="overlay2"
            )

        return SimpleNamespace(
            address=self.answering, assert_usable=assert_usable, close=lambda: None
        )

    def install(self, packages: tuple[str, ...], *_: str) -> None:
        self.done.append(f"install {' '.join(packages)}")
        self.dockerd = self.installed
        if self.apt_problem:
            raise self.apt_problem

    def start(self, _: daemon.Places) -> None:
        self.done.append("start")


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> _World:
    found = _World()
    monkeypatch.setattr(Engine, "connect", found.connect)
    monkeypatch.setattr(daemon, "running", lambda _: found.private_runs)
    monkeypatch.setattr(daemon, "start", found.start)
    monkeypatch.setattr(apt, "install", found.install)
    monkeypatch.setattr(shutil, "which", lambda *_, **__: found.dockerd)
    monkeypatch.setattr(engine, "_system_daemon", lambda: found.system_comes_up)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    return found


def test_an_engine_that_answers_is_used(world: _World) -> None:
    world.answering = "tcp://box:2376"
    assert engine.ensure({"DOCKER_HOST": "tcp://box:2376"}) == "tcp://box:2376"
    assert world.done == []


def test_without_one_the_private_engine_is_started(world: _World) -> None:
    assert engine.ensure({}) == PRIVATE_SOCKET
    assert world.done == ["start"]


def test_docker_io_is_installed_where_there_is_no_dockerd(world: _World) -> None:
    world.dockerd = None
    assert engine.ensure({}) == PRIVATE_SOCKET
    assert world.done == ["install docker.io", "start"]


def test_the_systems_daemon_is_used_if_it_came_up(world: _World) -> None:
    world.dockerd, world.system_comes_up = None, True
    assert engine.ensure({}) == DEFAULT_SOCKET
    assert world.done == ["install docker.io"]


def test_a_package_whose_service_cannot_start_is_good_enough(world: _World) -> None:
    world.dockerd, world.apt_problem = None, IncompleteProblem("apt-get failed", "see its log")
    assert engine.ensure({}) == PRIVATE_SOCKET
    assert world.done == ["install docker.io", "start"]


def test_a_package_that_did_not_come_is_the_problem(world: _World) -> None:
    world.dockerd, world.installed = None, None
    world.apt_problem = IncompleteProblem("apt-get failed", "see its log")
    with pytest.raises(IncompleteProblem, match="apt-get failed"):
        engine.ensure({})
    assert world.done == ["install docker.io"]


def test_a_named_engine_that_is_silent_is_no_reason_to_install(world: _World) -> None:
    world.answering = EngineProblem("the engine at tcp://box (DOCKER_HOST) does not answer", "x")
    with pytest.raises(EngineProblem, match="tcp://box"):
        engine.ensure({"DOCKER_HOST": "tcp://box"})
    assert world.done == []


def test_the_private_engine_may_be_named_while_it_is_down(world: _World) -> None:
    world.answering = EngineProblem("the engine (DOCKER_HOST) does not answer", "x")
    assert engine.ensure({"DOCKER_HOST": PRIVATE_SOCKET}) == PRIVATE_SOCKET
    assert world.done == ["start"]


def test_an_engine_that_cannot_carry_guests_is_named(world: _World) -> None:
    world.answering = DEFAULT_SOCKET
    world.usable = EngineProblem("stores containers with 'vfs'", "use overlay2", "engine-storage")
    with pytest.raises(EngineProblem, match="vfs"):
        engine.ensure({})
    assert world.done == []


def test_another_folder_means_another_private_engine(world: _World) -> None:
    world.answering = PRIVATE_SOCKET
    assert engine.ensure({"SNAPCERT_ENGINE_DIR": "/srv/x"}) == "unix:///srv/x/run/docker.sock"
    assert world.done == ["start"]


def test_without_root_there_is_one_error_with_a_remedy(
    world: _World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(IncompleteProblem, match="a private one needs root") as caught:
        engine.ensure({})
    assert "DOCKER_HOST" in caught.value.remedy
    assert "root" in caught.value.remedy
    assert world.done == []


class _Became(Exception):
    """What a command is run with, in place of this process."""


@pytest.fixture
def become(monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, str]], tuple[Any, ...]]:
    """`become(ENVIRONMENT)`: the command and the environment that it gets."""

    def instead(_: str, words: list[str], environment: dict[str, str]) -> None:
        raise _Became(words, environment)

    def run(environment: dict[str, str]) -> tuple[Any, ...]:
        with pytest.raises(_Became) as caught:
            engine.become(["true", "x"], environment)
        return caught.value.args

    monkeypatch.setattr(os, "execvpe", instead)
    return run


def test_only_another_place_must_be_named_to_the_harness(
    world: _World, short: Path, become: Callable[[dict[str, str]], tuple[Any, ...]]
) -> None:
    world.answering = DEFAULT_SOCKET
    mine = {"SNAPCERT_ENGINE_DIR": str(short)}
    assert become(mine) == (["true", "x"], mine)
    world.answering = _NONE
    words, environment = become(mine)
    assert words == ["true", "x"]
    assert environment == {**mine, "DOCKER_HOST": f"unix://{short}/run/docker.sock"}


def test_the_engine_is_not_stopped_under_somebody(
    short: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stopped: list[daemon.Places] = []

    def stop(places: daemon.Places) -> bool:
        stopped.append(places)
        return True

    monkeypatch.setattr(daemon, "stop", stop)
    monkeypatch.setenv("SNAPCERT_ENGINE_DIR", str(short))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    script = (
        "from setup import engine; import os, sys\n"
        "engine.ensure = lambda _: 'unix:///x'\n"
        "engine.become(['sh', '-c', 'echo up; read line'], os.environ)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as user:
        assert user.stdout is not None
        assert user.stdout.readline() == b"up\n"
        assert engine.main(["stop-if-idle"]) == 0
        assert "another run uses it" in capsys.readouterr().err
        assert stopped == []
        user.communicate(b"\n", timeout=30)
    assert engine.main(["stop-if-idle"]) == 0
    assert stopped == [daemon.Places.of(os.environ)]


def test_status_says_by_its_exit_code_whether_it_runs(world: _World) -> None:
    assert engine.main(["status"]) == 1
    world.private_runs = True
    assert engine.main(["status"]) == 0


@pytest.mark.parametrize(
    ("words", "coming"),
    [
        (("/usr/sbin/dockerd", "-H", "fd://"), True),
        (("/usr/sbin/dockerd", "--config-file", "/run/snapcert/engine/daemon.json"), False),
        (("vi", "dockerd"), False),
    ],
    ids=["system", "private", "other"],
)
def test_a_system_daemon_under_way_is_waited_for(
    tmp_path: Path, words: tuple[str, ...], coming: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "cmdline").write_bytes("\0".join(words).encode() + b"\0")
    monkeypatch.setattr(engine, "_INIT", tmp_path / "no-systemd")
    assert engine._comes_up(tmp_path) is coming
    monkeypatch.setattr(engine, "_INIT", tmp_path)
    assert engine._comes_up(tmp_path)


def test_the_wait_for_the_system_daemon_ends(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answers: Callable[[Path], bool] = lambda _: False  # noqa: E731
    monkeypatch.setattr(daemon, "answers", answers)
    monkeypatch.setattr(engine, "_FORK_DEADLINE", 0.0)
    monkeypatch.setattr(engine, "_comes_up", lambda: False)
    assert not engine._system_daemon()
    assert "using a private one" in capsys.readouterr().err
    monkeypatch.setattr(daemon, "answers", lambda _: True)
    assert engine._system_daemon()
