"""A root filesystem from packages, with an mmdebstrap of our own; how a failure is explained."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.machines import bootstrap
from harness.problem import IncompleteProblem, Problem, UsageProblem

_DEB822 = """\
# the distribution
Types: deb deb-src
URIs: http://mirror/debian
Suites: bookworm bookworm-updates bookworm-backports
Components: main contrib
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 xyz

Types: deb
URIs: http://vendor/debian
Suites: bookworm
Components: stable

Types: deb
URIs: http://mirror/debian
Suites: trixie
Components: main

Enabled: no
Types: deb
URIs: http://mirror/debian
Suites: bookworm
Components: main

Types: deb-src
URIs: http://mirror/debian
Suites: bookworm
Components: main
"""

_LINES = """\
deb [arch=amd64 signed-by=/k.gpg] http://mirror/debian bookworm main contrib
# deb http://mirror/debian bookworm main
deb-src http://mirror/debian bookworm main
deb http://vendor/debian bookworm stable
deb http://mirror/security bookworm-security main  # updates
deb http://pgdg/apt bookworm-pgdg main
"""


def test_only_the_distributions_own_sources_are_used() -> None:
    stanzas, lines = bootstrap.own_sources(
        {"a.sources": _DEB822, "sources.list": _LINES}, "bookworm"
    )
    assert stanzas.count("http://") == 1
    assert "Suites: bookworm bookworm-updates\n" in stanzas
    assert "Types: deb\n" in stanzas
    assert " -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n xyz" in stanzas
    assert lines.splitlines() == [
        "deb [arch=amd64 signed-by=/k.gpg] http://mirror/debian bookworm main contrib",
        "deb http://mirror/security bookworm-security main  # updates",
    ]


def test_another_release_has_its_own_sources() -> None:
    stanzas, lines = bootstrap.own_sources({"a.sources": _DEB822}, "trixie")
    assert "Suites: trixie" in stanzas
    assert lines == ""


@pytest.mark.parametrize(
    ("release", "suite"),
    [
        ("ID=debian\nVERSION_CODENAME=trixie\n", "trixie"),
        ('ID=mint\nID_LIKE="ubuntu debian"\nVERSION_CODENAME=noble\n', "noble"),
        ("ID=fedora\nVERSION_CODENAME=\n", "bookworm"),
        ("ID=fedora\nVERSION_CODENAME=x\n", "bookworm"),
        (None, "bookworm"),
    ],
    ids=["debian", "derived", "other", "other with a name", "unknown"],
)
def test_the_release_is_the_machines_own(tmp_path: Path, release: str | None, suite: str) -> None:
    file = tmp_path / "os-release"
    if release is not None:
        file.write_text(release)
    assert bootstrap.machine_suite(file) == suite


@pytest.mark.parametrize(
    ("log", "kind", "words"),
    [
        ("E: Unable to locate package frob", UsageProblem, "no package 'frob'"),
        ("E: Package 'frob' has no installation candidate", UsageProblem, "no package 'frob'"),
        ("tar: write: No space left on device", IncompleteProblem, "free some space"),
        ("W: Failed to fetch http://m/x  Could not connect", IncompleteProblem, "not in reach"),
        ("E: something else", IncompleteProblem, "E: something else"),
    ],
    ids=["unknown", "no candidate", "full", "network", "other"],
)
def test_a_failure_is_explained(log: str, kind: type[Problem], words: str) -> None:
    problem = bootstrap.explain("demo", log)
    assert type(problem) is kind
    assert words in str(problem)
    assert "image demo" in problem.message


def test_the_command_leaves_the_machines_own_things_out() -> None:
    line = bootstrap.command("bookworm", ("a", "b"), ("/s/image.list",))
    assert line[-3:] == ["bookworm", "-", "/s/image.list"]
    assert "--include=a,b" in line
    (hook,) = [word for word in line if word.startswith("--customize-hook=")]
    assert "resolv.conf" in hook
    assert "sources.list" in hook


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with package sources, a scratch folder and no namespaces."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    monkeypatch.setattr(bootstrap, "_read_sources", lambda _: {"sources.list": _LINES})
    monkeypatch.setattr(bootstrap, "isolation", list[str])
    monkeypatch.setattr(bootstrap, "_BEAT", 0.05)
    return scratch


def _build(said: list[str] | None = None, suite: str = "bookworm") -> bytes:
    lines: list[str] = [] if said is None else said
    with bootstrap.root_filesystem("demo", suite, ("python3",), lines.append) as chunks:
        return b"".join(chunks)


def test_the_stream_is_what_mmdebstrap_wrote(
    machine: Path, fake: Callable[[str, str], Path], calls: Callable[[], list[str]]
) -> None:
    fake("mmdebstrap", 'test -w "$TMPDIR" || exit 9; printf tar; echo noise >&2')
    assert _build() == b"tar"
    (call,) = calls()
    assert "--include=python3" in call
    assert list(machine.iterdir()) == []


def test_a_long_build_shows_its_last_words(machine: Path, fake: Callable[[str, str], Path]) -> None:
    fake("mmdebstrap", "echo 'I: extracting archives' >&2; sleep 0.3; printf tar")
    said: list[str] = []
    _build(said)
    assert any("image demo: 0 s · I: extracting archives" in line for line in said)


def test_a_build_that_fails_at_its_end_gives_no_image(
    machine: Path, fake: Callable[[str, str], Path]
) -> None:
    fake("mmdebstrap", "printf half; echo 'E: Unable to locate package frob' >&2; exit 1")
    with pytest.raises(UsageProblem, match="frob"):
        _build()
    assert list(machine.iterdir()) == []


def test_a_build_has_a_deadline(
    machine: Path, fake: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    fake("mmdebstrap", "exec sleep 60")
    monkeypatch.setattr(bootstrap, "DEADLINE", 0.1)
    with pytest.raises(IncompleteProblem, match="not built after 0 s"):
        _build()


def test_a_machine_without_mmdebstrap_is_told_what_to_do(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(machine))
    with pytest.raises(IncompleteProblem, match="mmdebstrap is not installed") as caught:
        _build()
    assert "SNAPCERT_BASE_IMAGE" in caught.value.remedy


def test_a_release_that_the_sources_lack_is_named(
    machine: Path, fake: Callable[[str, str], Path]
) -> None:
    fake("mmdebstrap", "exit 0")
    with pytest.raises(IncompleteProblem, match="package sources have no trixie"):
        _build(suite="trixie")


def test_only_what_a_killed_build_left_is_swept(tmp_path: Path) -> None:
    for name in ("killed", "running"):
        work = tmp_path / f"snapcert-image-{name}"
        work.mkdir()
        (work / "lock").touch()
    (tmp_path / "snapcert-image-just-made").mkdir()
    (tmp_path / "other").mkdir()
    with (tmp_path / "snapcert-image-running" / "lock").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert bootstrap.sweep(tmp_path) == ["snapcert-image-killed"]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "other",
        "snapcert-image-just-made",
        "snapcert-image-running",
    ]


def test_a_build_by_root_takes_its_mounts_and_processes_along(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert {"--mount", "--pid", "--kill-child"} <= set(bootstrap.isolation())
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert bootstrap.isolation() == []
