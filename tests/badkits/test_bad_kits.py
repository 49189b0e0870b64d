"""Each bad kit is found where its note says: level 1 of all of them here, and what is recorded.

The levels with guests are `make bad-kits`; its table must speak of the kits as they are now.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import __version__
from harness.certify.kit import load_kit
from harness.certify.rounds import Load
from harness.certify.session import Session, kit_image
from harness.certify.static import static_lines
from harness.machines.host import Host
from harness.problem import UsageProblem
from harness.results.record import Line
from harness.targets.select import select_target
from tests.badkits import table
from tests.badkits.badkit import bad_kits
from tests.badkits.verdict import complaints, said

KITS = bad_kits()
LEVEL1 = "test_level1_static.py"
LEVEL2 = "test_level2_contract.py"
#: Tried at level 2 here too, because they are quick: some seconds each.
QUICK = ("does-nothing",)
#: An application that is left quiesced is told by this silence, in seconds.
LOAD = Load(before=60, after=15, within=4.0)


@pytest.mark.parametrize("name", KITS)
def test_level_1(name: str, tmp_path: Path) -> None:
    """What is to be found there is found, and of the others nothing is."""
    kit, folder = KITS[name], tmp_path / "kit"
    kit.build(folder)
    if kit.refused:
        with pytest.raises(UsageProblem) as refused:
            load_kit(folder)
        assert refused.value.ref == kit.refused
        return
    heard = said(map(vars, static_lines(load_kit(folder), LEVEL1)))
    if kit.level == 1:
        assert list(complaints(kit, heard)) == []
    else:
        assert [check for check in heard if check.status == "failed"] == []


def test_the_table_speaks_of_the_kits_as_they_are() -> None:
    """Else `make bad-kits` is due: it tries them and writes the table."""
    assert list(table.due(table.load(), KITS)) == []
    assert [name for name in table.load() if name not in KITS] == []


@pytest.mark.parametrize("name", QUICK)
def test_level_2(name: str, host: Host, tmp_path: Path) -> None:
    bad, folder = KITS[name], tmp_path / "kit"
    bad.build(folder)
    kit = load_kit(folder)
    target = select_target("reference", __version__)
    image = kit_image(host.engine, kit, target, lambda _: None)
    lines: list[Line] = []
    at_work = Session(kit, host, target, "strict", image, LEVEL2, lines.append, load=LOAD)
    at_work.contract()
    assert list(complaints(bad, said(map(vars, at_work.checks)))) == []
