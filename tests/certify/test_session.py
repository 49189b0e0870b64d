"""Levels, controls and level 1's checks: what is decided without a guest."""

from __future__ import annotations

import json
from typing import cast

import pytest

from harness.certify.clauses import CLAUSES
from harness.certify.controls import script_line, variants
from harness.certify.kit import Kit, load_kit
from harness.certify.levels import HIGHEST, LEVELS, kit_info, modules
from harness.certify.session import NotCertified, Session, require
from harness.certify.static import static_lines
from harness.contract.config import Config
from harness.history import History
from harness.machines.host import Host
from harness.problem import UsageProblem
from harness.results.record import ControlLine, Line
from harness.targets.target import Target

from .conftest import CONFIG, MANIFEST, WriteKit
from .test_kit import BUNDLED
from .test_rounds import enough, history, operations

SCENARIOS = BUNDLED.parents[1] / "scenarios" / "certification"


def test_a_level_includes_those_before() -> None:
    assert len(modules(1)) == 1
    for level in range(2, HIGHEST + 1):
        assert modules(level) > modules(level - 1)


@pytest.mark.parametrize("level", [0, 5])
def test_no_such_level(level: int) -> None:
    with pytest.raises(UsageProblem, match="there is no level"):
        modules(level)


def test_every_level_has_its_module() -> None:
    there = {path.name for path in SCENARIOS.glob("test_*.py")}
    assert there == {level.module for level in LEVELS}


def test_what_a_record_says_of_a_kit(write_kit: WriteKit) -> None:
    kit = load_kit(write_kit())
    info = kit_info(kit, 2, 5)
    assert (info.name, info.version, info.vendor, info.level) == ("sample", "1", "tests", 2)
    assert info.digest == kit.digest


def test_a_good_kit_passes_level_1(write_kit: WriteKit) -> None:
    lines = static_lines(load_kit(write_kit()), "s")
    assert {line.status for line in lines} == {"passed"}
    level_1 = {clause for clause in CLAUSES if clause.startswith("KIT-1.")}
    assert {line.clause for line in lines} == level_1
    require(lines)


def test_warnings_do_not_fail_level_1(write_kit: WriteKit) -> None:
    lines = static_lines(load_kit(write_kit(files={"pre.sh": "#!/bin/sh\ncd /srv\n"})), "s")
    assert {line.clause: line.status for line in lines}["KIT-1.shellcheck"] == "warned"
    require(lines)


def test_an_error_fails_level_1_with_place_and_remedy(write_kit: WriteKit) -> None:
    lines = static_lines(load_kit(write_kit(files={"post.sh": "#!/bin/sh\r\necho a\r\n"})), "s")
    with pytest.raises(NotCertified, match=r"post\.sh:1: it has Windows line endings"):
        require(lines)


def test_the_script_control_leaves_out_the_scripts_then_the_freeze(write_kit: WriteKit) -> None:
    kit = load_kit(write_kit())
    first, second = variants(kit)
    assert first.kit.pre.content == first.kit.post.content == b"#!/bin/sh\nexit 0\n"
    assert isinstance(first.kit.config, Config)
    assert first.kit.config.fsfreeze
    assert isinstance(second.kit.config, Config)
    assert not second.kit.config.fsfreeze
    assert second.kit.config.pre_location == "/etc/azure/pre.sh"
    assert kit.pre.content != first.kit.pre.content


def test_where_nothing_is_frozen_there_is_one_variant(write_kit: WriteKit) -> None:
    config = json.dumps({**json.loads(CONFIG), "fsFreezeEnabled": False})
    (only,) = variants(load_kit(write_kit(files={"config.json": config})))
    assert not only.freezes


TWO_DISKS = MANIFEST.replace(
    "[scripts]", '[[disks]]\nname = "log"\nmountpoint = "/srv/log"\n\n[scripts]'
)


def test_several_disks_are_also_copied_at_two_instants(write_kit: WriteKit) -> None:
    kit = load_kit(write_kit(TWO_DISKS))
    first, second, without, with_them = variants(kit)
    assert not first.apart
    assert not second.apart
    for variant in (without, with_them):
        assert variant.apart
        assert not variant.freezes
        assert isinstance(variant.kit.config, Config)
        assert not variant.kit.config.fsfreeze
    assert without.idle
    assert without.kit.pre == first.kit.pre
    assert not with_them.idle
    assert with_them.kit.pre == kit.pre


def test_scripts_that_stop_nothing_promise_nothing_at_two_instants(write_kit: WriteKit) -> None:
    kit = load_kit(write_kit(TWO_DISKS.replace("stops_writes = true", "stops_writes = false")))
    assert [(v.apart, v.idle) for v in variants(kit)] == [
        (False, True),
        (False, True),
        (True, True),
    ]


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (2, "without them the restored set is whole too, this time"),
        (3, "with them the restored set is whole ("),
    ],
)
def test_two_instants_that_were_survived(write_kit: WriteKit, place: int, words: str) -> None:
    variant = variants(load_kit(write_kit(TWO_DISKS)))[place]
    line = script_line(variant, history(enough()), "s", "ext4")
    assert not line.caught
    assert words in line.detail


def test_the_script_control_asks_for_two_instants(
    write_kit: WriteKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def run(_: Session, kit: Kit, judge_it: None = None, answer: str = "take") -> History:
        asked.append(answer)
        return history(enough())

    monkeypatch.setattr(Session, "_run", run)
    lines: list[Line] = []
    kit = load_kit(write_kit(TWO_DISKS))
    at_work = Session(kit, cast(Host, None), cast(Target, None), "strict", "", "s", lines.append)
    at_work.script_control()
    assert asked == ["take", "take", "apart", "apart"]
    names = [line.name for line in lines if isinstance(line, ControlLine)]
    assert names == [variant.name for variant in variants(kit)]


def test_a_control_that_makes_no_difference_is_said_so(write_kit: WriteKit) -> None:
    variant = variants(load_kit(write_kit()))[0]
    line = script_line(variant, history(enough()), "s", "ext4")
    assert (line.kind, line.caught) == ("script", False)
    assert "survives a crash consistent copy by itself" in line.detail


def test_a_control_that_breaks_says_how(write_kit: WriteKit) -> None:
    variant = variants(load_kit(write_kit()))[0]
    broken = history(enough(), has=("o0", "o1"))
    line = script_line(variant, broken, "s", "ext4")
    assert line.caught
    assert "28 operations lost" in line.detail


def test_a_control_without_load_proves_nothing(write_kit: WriteKit) -> None:
    variant = variants(load_kit(write_kit()))[0]
    line = script_line(variant, history(operations(9.0)), "s", "ext4")
    assert not line.caught
    assert "not proven" in line.detail
