"""`make test`: unit tests, every scenario against the reference, traceability; one summary.

All parts always run, so that one look shows everything that is wrong. What each did is read from
the JUnit file it wrote, and the closing line is in pytest's own form.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from setup.steps import ROOT, STATE, say, show_problems


@dataclass(frozen=True)
class Part:
    """What one part did; `exit_code` is its command's, `seconds` its wall time."""

    name: str
    exit_code: int
    seconds: float
    passed: int = 0
    failed: int = 0
    errors: int = 0
    skipped: int = 0

    @property
    def verdict(self) -> str:
        """A word for the summary: a part that ran nothing has not passed."""
        if self.exit_code:
            return f"failed (exit status {self.exit_code})"
        return "passed" if self.passed else "ran nothing"


def counts(junit: Path) -> dict[str, int]:
    """passed, failed, errors, skipped of a JUnit file; all 0 where it was not written."""
    total = dict.fromkeys(("passed", "failed", "errors", "skipped"), 0)
    try:
        cases = list(ET.parse(junit).iter("testcase"))  # noqa: S314 (our own file)
    except (OSError, ET.ParseError):
        return total
    for case in cases:
        kinds = {child.tag for child in case}
        if "error" in kinds:
            total["errors"] += 1
        elif "failure" in kinds:
            total["failed"] += 1
        elif "skipped" in kinds:
            total["skipped"] += 1
        else:
            total["passed"] += 1
    return total


def run(name: str, command: Sequence[str], junit: Path, **environment: str) -> Part:
    """Run one part with its output on the terminal; `environment` is added to our own."""
    say(f"{name}: {' '.join(command[1:])}")
    began = time.monotonic()
    code = subprocess.run(
        list(command), cwd=ROOT, check=False, env={**os.environ, **environment}
    ).returncode
    return Part(name, code, time.monotonic() - began, **counts(junit))


def closing_line(parts: Sequence[Part], width: int = 80) -> str:
    """The sum of the parts in the form of pytest's last line."""
    words = []
    for count, word in (
        (sum(p.failed for p in parts), "failed"),
        (sum(p.passed for p in parts), "passed"),
        (sum(p.skipped for p in parts), "skipped"),
        (sum(p.errors for p in parts), "errors"),
    ):
        if count:
            words.append(f"{count} {word}")
    seconds = sum(p.seconds for p in parts)
    text = f" {', '.join(words) or 'no tests ran'} in {seconds:.2f}s "
    return text.center(width, "=")


def exit_code(parts: Sequence[Part]) -> int:
    """0 only where every part passed something and failed nothing; else the first failure's."""
    for part in parts:
        if part.exit_code:
            return part.exit_code
        if not part.passed or part.failed or part.errors:
            return 1
    return 0


def main(arguments: Sequence[str]) -> int:
    """`python -m setup.suite [WORKERS]`."""
    workers = arguments[0] if arguments else "4"
    out = STATE / "test"
    shutil.rmtree(out, ignore_errors=True)
    (out / "conform").mkdir(parents=True)
    bin_folder = Path(sys.executable).parent
    unit, conform, trace = out / "unit.xml", out / "conform", out / "traceability.xml"
    pytest = [str(bin_folder / "python"), "-m", "pytest", "-q"]
    parts = [
        run("unit tests", [*pytest, "tests", "-n", workers, f"--junitxml={unit}"], unit),
        run(
            "scenarios",
            [str(bin_folder / "snapcert"), "conform", "--executor", "reference",
             "--fs", "ext4,xfs,btrfs", "-n", workers, "--out", str(conform)],
            conform / "junit.xml",
        ),
        run(
            "traceability", [*pytest, "tests/traceability.py", f"--junitxml={trace}"], trace,
            SNAPCERT_RECORD=str(conform / "results.jsonl"),
        ),
    ]  # fmt: skip
    print()
    for part in parts:
        print(
            f"{part.name + ':':<13} {part.verdict}; {part.passed} passed, "
            f"{part.failed + part.errors} failed, {part.skipped} skipped, {part.seconds:.0f} s"
        )
    report = os.path.relpath(conform / "report.html", ROOT)
    print(f"report:      {report}")
    print(closing_line(parts), flush=True)
    return exit_code(parts)


if __name__ == "__main__":
    raise SystemExit(show_problems(main))
