"""One trial: a broken executor or kit before the suite, and which clauses' checks it failed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.contract.rulesets import STRICT
from harness.executor.package import pack, sources
from harness.results.verdict import is_bad
from tests.mutants.defect import SEED, Defect, Drawn, KitDefect, Reading
from tests.overlay import edited, lay_over

ROOT = Path(__file__).resolve().parents[2]
_SNAPCERT = "import sys; from harness.cli import main; sys.exit(main())"

#: Seconds for the scenarios of one defect.
_DEADLINE = 900.0


@dataclass(frozen=True)
class Failure:
    """The first failed check of a clause: in which scenario, and what was seen."""

    scenario: str
    expected: str
    observed: str


@dataclass(frozen=True)
class Trial:
    """What the suite said of one defect: the first failure of each clause, and its own words.

    `ran` is False where the suite did not get as far as a check of it. `blamed` are the clauses
    that failed under rule sets which accept this executor, by rule set.
    """

    failures: Mapping[str, Failure]
    ran: bool
    said: str
    blamed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def missing(self, defect: Defect | KitDefect) -> tuple[str, ...]:
        """The clauses that the defect breaks and no check noticed."""
        return tuple(clause for clause in defect.breaks if clause not in self.failures)


def broken_executor(defect: Defect) -> bytes:
    """The reference executor with this defect, packed; the judge's own contract stays whole."""
    return pack(edited(sources(), defect.edits, "harness/"))


def broken_kit(defect: KitDefect, folder: Path) -> None:
    """The bundled kit with this defect, in `folder`."""
    lay_over(ROOT / "fixtures" / "kits" / defect.kit, None, folder, edits=defect.edits)


def try_defect(defect: Defect | KitDefect, folder: Path) -> Trial:
    """Run the scenarios that must notice it; `folder` takes the broken program and the record."""
    if isinstance(defect, KitDefect):
        broken_kit(defect, folder / defect.kit)
        rounds = ["--level", "3", "--rounds", str(defect.rounds), "--seed", str(SEED)]
        words = ["certify", str(folder / defect.kit), *rounds]
        return _run(words, folder / "out")
    archive = folder / "executor.pyz"
    archive.write_bytes(broken_executor(defect))
    trial = _run(_conform(defect, archive, STRICT), folder / "out")
    blamed = {}
    for rules in defect.accepted if isinstance(defect, Reading) else ():
        other = _run(_conform(defect, archive, rules), folder / rules)
        if other.failures or not other.ran:
            blamed[rules] = tuple(other.failures) or ("no verdict",)
    return replace(trial, blamed=blamed)


def _conform(defect: Defect, archive: Path, rules: str) -> list[str]:
    seed = defect.seed if isinstance(defect, Drawn) else SEED
    return ["conform", "--executor", f"reference:{archive}", "--rules", rules,
            "--fs", defect.filesystems, "-k", defect.scenarios, "--seed", str(seed)]  # fmt: skip


def _run(words: list[str], out: Path) -> Trial:
    words = [*words, "-n", "0", "--out", str(out), "--quiet"]
    done = subprocess.run(
        [sys.executable, "-c", _SNAPCERT, *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=_DEADLINE,
    )
    said = (done.stdout + done.stderr).strip()
    failures: dict[str, Failure] = {}
    record = out / "results.jsonl"
    lines = record.read_text(encoding="ascii").splitlines() if record.is_file() else []
    checks = [line for line in map(json.loads, lines) if line["type"] == "check"]
    for line in checks:
        if is_bad(line["status"]):
            failure = Failure(line["scenario"], line["expected"], line["observed"])
            failures.setdefault(line["clause"], failure)
    return Trial(failures, bool(checks), said)
