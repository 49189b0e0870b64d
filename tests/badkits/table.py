"""The tracked table: what a real run last said of each bad kit.

`make bad-kits` writes it; `make test` compares it with the kits, so that one which has changed, or
was never tried, is told.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.badkits.badkit import BadKit, digest
from tests.badkits.trial import Trial

PATH = Path(__file__).with_name("table.json")

#: By kit: its digest, and what was observed of each clause that failed.
Table = dict[str, dict[str, str]]


def load() -> Table:
    """The tracked table, empty where there is none yet."""
    table: Table = json.loads(PATH.read_text(encoding="utf-8")) if PATH.is_file() else {}
    return table


def save(table: Table) -> None:
    """Write it, in the order of names."""
    PATH.write_text(
        json.dumps(table, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8"
    )


def enter(table: Table, kit: BadKit, trial: Trial) -> None:
    """Put what one trial showed in the place of what was known of this kit."""
    table.pop(kit.name, None)
    if not trial.wrong:
        observed = {check.clause: check.observed for check in reversed(trial.heard)}
        failed = {clause: observed[clause] for clause in kit.fails}
        table[kit.name] = {"digest": trial.digest, **failed}


def due(table: Table, kits: Mapping[str, BadKit]) -> Iterator[str]:
    """The names of kits of which the table does not speak as they are now."""
    with tempfile.TemporaryDirectory(prefix="snapcert-bad-kits-") as folder:
        for name, kit in kits.items():
            built = Path(folder) / name
            kit.build(built)
            if table.get(name, {}).get("digest") != digest(kit, built):
                yield name
