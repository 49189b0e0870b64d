"""Packages: asked for only where they can be had, finished where a killed run left them half."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.problem import IncompleteProblem
from setup import apt


@pytest.fixture(autouse=True)
def as_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(apt, "_interrupted", lambda: False)


def _install() -> None:
    apt.install(("thing",), "what it is for", "get it otherwise")


def test_packages_come_without_recommended_ones(
    state: Path, fake: Callable[[str, str], Path], calls: Callable[[], list[str]]
) -> None:
    fake("apt-get", 'test "$DEBIAN_FRONTEND" = noninteractive')
    _install()
    (call,) = calls()
    assert call.endswith("install --no-install-recommends thing")
    assert "DPkg::Lock::Timeout=300" in call


def test_old_package_lists_are_refreshed_before_giving_up(
    state: Path, fake: Callable[[str, str], Path], calls: Callable[[], list[str]], tmp_path: Path
) -> None:
    flag = tmp_path / "lists"
    fake(
        "apt-get",
        f'case "$*" in *update*) touch {flag};; *thing*) test -e {flag};; esac',
    )
    _install()
    assert [call.split()[-1] for call in calls()] == ["thing", "update", "install", "thing"]


def test_a_failure_shows_apts_own_words_and_the_remedy(
    state: Path, fake: Callable[[str, str], Path]
) -> None:
    fake("apt-get", 'echo "E: the mirror is gone"; exit 100')
    with pytest.raises(IncompleteProblem, match="E: the mirror is gone") as caught:
        _install()
    assert "what it is for" in caught.value.message
    assert caught.value.remedy.startswith("get it otherwise")
    assert str(state / "apt.log") in caught.value.remedy


def test_a_dpkg_that_was_killed_is_finished_first(
    state: Path,
    fake: Callable[[str, str], Path],
    calls: Callable[[], list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fake("apt-get", "exit 0")
    fake("dpkg", "exit 0")
    monkeypatch.setattr(apt, "_interrupted", lambda: True)
    _install()
    assert calls()[0] == "dpkg --configure -a"


def test_without_root_nothing_is_tried(
    state: Path,
    fake: Callable[[str, str], Path],
    calls: Callable[[], list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fake("apt-get", "exit 0")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(IncompleteProblem, match="thing is missing and not running as root"):
        _install()
    assert calls() == []


def test_another_distribution_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(IncompleteProblem, match="neither Debian nor Ubuntu") as caught:
        _install()
    assert caught.value.remedy == "get it otherwise"
