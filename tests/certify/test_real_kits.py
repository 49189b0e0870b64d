"""The bundled kits certify, and kits with one defect fail at its clause: on real machines."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness import __version__
from harness.certify.kit import Kit, load_kit
from harness.certify.rounds import Load
from harness.certify.session import NotCertified, Session, kit_image
from harness.machines.host import Host
from harness.results.record import ControlLine, Line, RoundLine
from harness.targets.select import select_target
from harness.targets.target import Target

from .test_kit import BUNDLED

#: An application that is left quiesced is told by this silence, in seconds.
LOAD = Load(before=60, after=15, within=8.0)


@pytest.fixture(scope="module")
def target() -> Target:
    return select_target("reference", __version__)


def changed(kit: Kit, path: str, old: str, new: str) -> Kit:
    """The kit with one text in one file replaced."""
    file = kit.files[path]
    assert old.encode() in file.content
    content = file.content.replace(old.encode(), new.encode())
    return replace(kit, files={**kit.files, path: replace(file, content=content)})


def session(kit: Kit, host: Host, target: Target) -> tuple[Session, list[Line]]:
    lines: list[Line] = []
    image = kit_image(host.engine, kit, target, lambda _: None)
    return Session(kit, host, target, "strict", image, "test", lines.append, load=LOAD), lines


def failed_clauses(kit: Kit, host: Host, target: Target) -> set[str]:
    """What a round says against a kit."""
    at_work, _ = session(kit, host, target)
    at_work.round(1)
    with pytest.raises(NotCertified):
        at_work.conclude()
    return {line.clause for line in at_work.checks if line.status == "failed"}


@pytest.fixture
def ledger() -> Kit:
    return load_kit(BUNDLED / "ledger")


@pytest.mark.parametrize("name", ["ledger", "postgresql", "files"])
def test_a_round_of_a_bundled_kit_holds(name: str, host: Host, target: Target) -> None:
    at_work, lines = session(load_kit(BUNDLED / name), host, target)
    at_work.round(1)
    at_work.conclude()
    assert at_work.doubts == []
    (line,) = (line for line in lines if isinstance(line, RoundLine))
    assert (line.claimed, line.reached, line.status) == ("application", "application", "passed")
    assert line.pause is not None
    controls = [line for line in lines if isinstance(line, ControlLine)]
    assert len(controls) > 5
    assert [control.name for control in controls if not control.caught] == []


def test_a_post_script_that_forgets_to_resume(ledger: Kit, host: Host, target: Target) -> None:
    forgetful = changed(ledger, "post.sh", 'if "$ledgerctl" resume "$token"; then', "if true; then")
    assert "APP-01.released" in failed_clauses(forgetful, host, target)


def test_an_application_that_acknowledges_what_is_not_on_disk(
    ledger: Kit, host: Host, target: Target
) -> None:
    unsafe = changed(ledger, "bin/ledgerlib.py", "synchronous = FULL", "synchronous = OFF")
    unsafe = changed(unsafe, "pre.sh", "set -eu\n", "exit 0\n")
    unsafe = changed(
        unsafe, ledger.config_file.path, '"fsFreezeEnabled": true', '"fsFreezeEnabled": false'
    )
    unsafe = replace(unsafe, manifest=replace(unsafe.manifest, stops_writes=False))
    assert "APP-01.acknowledged" in failed_clauses(unsafe, host, target)


def test_a_post_script_that_leaves_half_a_pre_script(
    ledger: Kit, host: Host, target: Target
) -> None:
    trusting = changed(ledger, "post.sh", '[ ! -e "$state/token" ]', '[ ! -e "$state/held" ]')
    # Long enough half-way that one of the instants of its death lies there.
    slow = changed(trusting, "pre.sh", ': >"$state/held"', 'sleep 0.4; : >"$state/held"')
    at_work, _ = session(slow, host, target)
    at_work.contract("pre-killed")
    assert {line.clause for line in at_work.checks if line.status == "failed"} == {"KIT-2.undoes"}


def test_a_post_script_that_can_not_be_run_again(ledger: Kit, host: Host, target: Target) -> None:
    once = changed(ledger, "bin/ledgerd", "if token in self._resumed:", "if False:")
    slow = changed(
        once, "post.sh", '    rm -rf "$state"\n    log "resumed"', '    sleep 0.4; rm -r "$state"'
    )
    at_work, _ = session(slow, host, target)
    at_work.contract("post-killed")
    failed = {line.clause for line in at_work.checks if line.status == "failed"}
    assert failed == {"KIT-2.post-again", "KIT-2.terminated"}


def test_an_application_that_does_not_start(ledger: Kit, host: Host, target: Target) -> None:
    dead = changed(ledger, "bin/ledgerd", "    become(user)\n", '    sys.exit("no licence")\n')
    at_work, _ = session(dead, host, target)
    at_work.round(1)
    with pytest.raises(NotCertified, match="no licence"):
        at_work.conclude()
