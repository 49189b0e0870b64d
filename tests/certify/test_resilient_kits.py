"""Level 4 on real machines: a good kit holds, and what is broken is found, by kit and executor."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from harness.certify.faults import CHOSEN, Fault, Phase, draw, planned
from harness.certify.kit import Kit, load_kit
from harness.certify.session import NotCertified
from harness.machines.host import Host
from harness.results.record import ControlLine, Line, RoundLine
from harness.targets.select import select_target
from harness.targets.target import Target

from .test_kit import BUNDLED
from .test_real_kits import changed, session, target

__all__ = ("target",)  # a fixture

LYING = f"command:{Path(__file__).parent / 'lying'}"
FAULTS = {fault.name: fault for fault in (*planned(1), *CHOSEN)}
#: A script that takes so many seconds is met half-way for sure by a kill in half of them.
LONG, HALF = 3.0, 1.5
#: How long the application may take to go on, in seconds; one test waits for all of it.
WITHIN = 10.0


@pytest.fixture
def ledger() -> Kit:
    return load_kit(BUNDLED / "ledger")


def usual(fault: Fault, after: float) -> dict[Phase, float]:
    """Usual lengths with which the seed 0 draws this instant, in any phase."""
    drawn = draw(fault, 0, dict.fromkeys(fault.phases, 1.0))
    assert drawn is not None
    return dict.fromkeys(fault.phases, after / drawn.after)


def faulty(
    kit: Kit, host: Host, target: Target, fault: Fault, known: dict[Phase, float] | None = None
) -> tuple[Mapping[str, str], list[Line]]:
    """What a fault round says against kit or executor, by clause, and all of its lines."""
    at_work, lines = session(kit, host, target)
    at_work.load = replace(at_work.load, within=WITHIN)
    at_work.fault_round(fault, 6, known)
    bad = {line.clause: line.observed for line in at_work.checks if line.status == "failed"}
    if bad:
        with pytest.raises(NotCertified):
            at_work.conclude()
    else:
        at_work.conclude()
        assert at_work.doubts == []
    return bad, lines


def test_a_killed_executor_and_the_backup_after_it(ledger: Kit, host: Host, target: Target) -> None:
    kill = replace(FAULTS["executor-killed-01"], phases=("snapshot",))
    bad, lines = faulty(ledger, host, target, kill, usual(kill, 0.01))
    assert bad == {}
    first, following = (line for line in lines if isinstance(line, RoundLine))
    assert not first.after_fault
    assert re.fullmatch(r"the executor was killed \d+ ms after the .*", first.fault)
    assert (following.claimed, following.reached) == ("application", "application")
    assert following.after_fault
    controls = [line for line in lines if isinstance(line, ControlLine)]
    assert len(controls) > 5
    assert [control.name for control in controls if not control.caught] == []


def test_full_disks(ledger: Kit, host: Host, target: Target) -> None:
    bad, lines = faulty(ledger, host, target, FAULTS["disk-full"])
    assert bad == {}
    first, following = (line for line in lines if isinstance(line, RoundLine))
    assert following.reached == "application"
    assert first.fault == "the disks are full from the start"


def test_a_post_script_that_does_nothing_after_a_killed_pre_script(
    ledger: Kit, host: Host, target: Target
) -> None:
    config = ledger.config_file.path
    trusting = changed(ledger, "post.sh", '[ ! -e "$state/token" ]', '[ ! -e "$state/held" ]')
    trusting = changed(trusting, config, '"preScriptNoOfRetries": 1', '"preScriptNoOfRetries": 0')
    slow = changed(trusting, "pre.sh", ': >"$state/held"', f'sleep {LONG}; : >"$state/held"')
    fault = FAULTS["pre-killed"]
    bad, _ = faulty(slow, host, target, fault, usual(fault, HALF))
    assert {"KIT-4.comes-back", "KIT-4.next-clean"} <= set(bad)
    assert "it does not go on within 10 s" in bad["KIT-4.comes-back"]


def test_an_executor_that_claims_what_it_did_not_take(ledger: Kit, host: Host) -> None:
    bad, _ = faulty(ledger, host, select_target(LYING, "1"), FAULTS["snapshot-fails"])
    assert {"FBK-07.level", "KIT-4.true-sets", "KIT-4.next-clean"} <= set(bad)
    assert "took no set" in bad["KIT-4.true-sets"]
