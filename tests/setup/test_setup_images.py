"""Images are named by content, built once, and had or refused with one clear error."""

from __future__ import annotations

import contextlib
import platform
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import docker.errors
import pytest

from harness.machines import bootstrap, images
from harness.machines.engine import Engine
from harness.machines.images import BASE, BASE_PACKAGES, ImageSpec, ensure_image, reference
from harness.problem import IncompleteProblem, Problem, UsageProblem
from setup import apt
from setup import images as step


class _Api:
    """The engine's client as far as images go."""

    def __init__(self) -> None:
        self.images: set[str] = set()
        self.imported: list[bytes] = []
        self.answer = '{"status": "sha256:1"}\r\n'
        self.build_lines: list[dict[str, str]] = []
        self.pulls: list[tuple[str, str | None]] = []

    def inspect_image(self, name: str) -> dict[str, int]:
        if name not in self.images:
            raise docker.errors.ImageNotFound("no such image")
        return {"Size": 7}

    def import_image_from_stream(self, chunks: Iterator[bytes], changes: list[str]) -> str:
        assert "LABEL snapcert.image=demo" in changes or "LABEL snapcert.image=base" in changes
        self.imported.append(b"".join(chunks))
        return self.answer

    def tag(self, image: str, repository: str, tag: str) -> None:
        assert image == "sha256:1"
        self.images.add(f"{repository}:{tag}")

    def build(self, **options: Any) -> Iterator[dict[str, str]]:
        yield from self.build_lines
        self.images.add(options["tag"])

    def pull(self, name: str, tag: str | None) -> None:
        self.pulls.append((name, tag))
        if name != "registry/there":
            raise docker.errors.APIError("no registry in reach")
        self.images.add(name)


class _Machine:
    """An engine without one, and a build without packages."""

    def __init__(self) -> None:
        self.api = _Api()
        self.engine: Any = SimpleNamespace(
            address="unix:///x", api=self.api, facts=SimpleNamespace(architecture="x86_64"),
            close=lambda: None,
        )  # fmt: skip
        self.builds: list[tuple[str, tuple[str, ...]]] = []
        self.problem: Problem | None = None

    @contextlib.contextmanager
    def root_filesystem(
        self, name: str, suite: str, packages: tuple[str, ...], progress: object
    ) -> Iterator[Iterator[bytes]]:
        self.builds.append((name, packages))

        def chunks() -> Iterator[bytes]:
            yield b"tar"
            if self.problem:
                raise self.problem

        yield chunks()


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> _Machine:
    found = _Machine()
    monkeypatch.setattr(bootstrap, "root_filesystem", found.root_filesystem)
    monkeypatch.setattr(images, "_lock_folder", lambda: tmp_path)
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    monkeypatch.delenv("SNAPCERT_BASE_IMAGE", raising=False)
    return found


def _silent(_: str) -> None:
    """Progress that nobody reads."""


def test_the_name_changes_with_the_content_only() -> None:
    one = ImageSpec("demo", ("redis", "sqlite3"))
    assert reference(one, {}) == reference(ImageSpec("demo", ("sqlite3", "redis")), {})
    others = [
        ImageSpec("demo", ("redis",)),
        ImageSpec("demo", ("redis", "sqlite3"), suite="sid"),
    ]
    assert len({reference(spec, {}).split(":")[1] for spec in (one, *others)}) == 3


def test_a_kit_that_adds_nothing_shares_the_base() -> None:
    assert images.canonical(ImageSpec("ledger", ("python3",))) == BASE
    assert images.canonical(ImageSpec("demo", ("redis",))).name == "demo"


@pytest.mark.parametrize(
    ("name", "repository"),
    [("demo", "snapcert/demo"), ("My.App__2-", "snapcert/my-app-2"), ("...", "snapcert/image")],
)
def test_any_name_becomes_one_that_engines_take(name: str, repository: str) -> None:
    assert ImageSpec(name).repository == repository


@pytest.mark.parametrize("package", ["a b", "?essential", "-oDir=/", "A", "x"])
def test_what_is_no_package_is_refused(package: str) -> None:
    with pytest.raises(UsageProblem, match="not the name of a Debian package"):
        ImageSpec("demo", (package,))


def test_ready_made_images_stand_in() -> None:
    mine = {"SNAPCERT_BASE_IMAGE": "mine:1", "SNAPCERT_IMAGE_MY_APP": "other:2"}
    assert reference(BASE, mine) == "mine:1"
    assert reference(ImageSpec("my-app", ("redis",)), mine) == "other:2"
    assert reference(ImageSpec("demo", ("redis",)), mine).startswith("snapcert/demo:")
    assert reference(ImageSpec("demo", image="ready:3"), mine) == "ready:3"


def test_an_image_is_built_once(machine: _Machine) -> None:
    spec = ImageSpec("demo", ("redis",))
    name = ensure_image(machine.engine, spec, _silent)
    assert ensure_image(machine.engine, spec, _silent) == name
    assert machine.builds == [("demo", tuple(sorted({*BASE_PACKAGES, "redis"})))]
    assert machine.api.images == {name}


def test_two_at_once_build_it_once(machine: _Machine) -> None:
    def build() -> None:
        ensure_image(machine.engine, BASE, _silent)

    threads = [threading.Thread(target=build) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(machine.builds) == 1


def test_a_build_that_fails_leaves_no_name(machine: _Machine) -> None:
    machine.problem = UsageProblem("image demo: there is no package 'frob'", "correct it")
    with pytest.raises(UsageProblem, match="frob"):
        ensure_image(machine.engine, ImageSpec("demo", ("frob",)), _silent)
    assert machine.api.images == set()


def test_an_engine_that_is_full_is_named(machine: _Machine) -> None:
    machine.api.answer = '{"error": "write /x: no space left on device"}'
    with pytest.raises(IncompleteProblem, match="no space left") as caught:
        ensure_image(machine.engine, BASE, _silent)
    assert "free some space" in caught.value.remedy


def test_an_engine_on_another_kind_of_machine_is_told(machine: _Machine) -> None:
    machine.engine.facts.architecture = "aarch64"
    with pytest.raises(IncompleteProblem, match="aarch64, this one x86_64"):
        ensure_image(machine.engine, BASE, _silent)


def test_a_named_image_is_pulled_and_never_built(
    machine: _Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SNAPCERT_BASE_IMAGE", "registry/there")
    assert ensure_image(machine.engine, BASE, _silent) == "registry/there"
    assert machine.api.pulls == [("registry/there", "latest")]
    monkeypatch.setenv("SNAPCERT_BASE_IMAGE", "registry/gone:1")
    with pytest.raises(IncompleteProblem, match="has no registry/gone:1") as caught:
        ensure_image(machine.engine, BASE, _silent)
    assert "SNAPCERT_BASE_IMAGE" in caught.value.remedy
    assert machine.builds == []


def test_a_dockerfile_is_built_and_named_by_its_folder(machine: _Machine, tmp_path: Path) -> None:
    file = tmp_path / "kit" / "Dockerfile"
    file.parent.mkdir()
    file.write_text("FROM scratch\n")
    spec = ImageSpec("demo", dockerfile=str(file))
    first = ensure_image(machine.engine, spec, _silent)
    (file.parent / "data").write_text("x")
    assert reference(spec) != first
    machine.api.build_lines = [{"stream": "Step 1/1"}, {"error": "pull access denied"}]
    with pytest.raises(UsageProblem, match="pull access denied"):
        ensure_image(machine.engine, spec, _silent)


def test_a_dockerfile_that_is_not_there_is_named(machine: _Machine, tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="there is no"):
        ensure_image(machine.engine, ImageSpec("d", dockerfile=str(tmp_path / "no")), _silent)


def test_every_bundled_kit_has_an_image_and_each_is_wanted_once() -> None:
    names = [reference(spec, {}) for spec in step.wanted(step.bundled())]
    assert len(names) == len(set(names))
    assert reference(BASE, {}) in names
    assert any(name.startswith("snapcert/postgresql:") for name in names)
    assert not any(name.startswith("snapcert/ledger:") for name in names)
    # Another layout of a kit has its packages, and its image.
    assert not any(name.startswith("snapcert/postgresql-two-disks:") for name in names)


def test_mmdebstrap_is_installed_only_for_what_must_be_built(
    machine: _Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[tuple[str, ...]] = []
    monkeypatch.setattr(Engine, "connect", lambda timeout: machine.engine)
    monkeypatch.setattr(apt, "install", lambda packages, *_: asked.append(packages))
    which: Callable[[str], None] = lambda _: None  # noqa: E731
    monkeypatch.setattr(shutil, "which", which)
    step.build([BASE])
    assert asked == [("mmdebstrap",)]
    step.build([BASE])
    assert asked == [("mmdebstrap",)]
    assert f"images: {reference(BASE)}" in capsys.readouterr().err
