"""Whether the suite says the same each time: many whole runs, compared check by check.

`snapcert conform` on ext4 alone, then on all three filesystems, with one seed, so that what is
drawn by chance is the same too; with `--load`, beside processes that keep that many cores busy. A
check is known by its scenario and clause, its result is the worst status that was seen of it. One
that differs between two runs of the same selection is printed with what was expected and observed
in each, and the exit status is 1. A check that some runs do not make is no difference: where the
samples prove no order, an oracle says nothing. Those are counted. `--write` puts the table into
bench/results/stability.md; nothing else is kept.

    python -m bench stability --ext4 20 --all 5 --load 2
"""

from __future__ import annotations

import argparse
import contextlib
import os
import platform
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.results.reader import read
from harness.results.record import CheckLine, Record, Status
from harness.results.verdict import worst

RESULT = Path(__file__).parent / "results" / "stability.md"
_SNAPCERT = "import sys; from harness.cli import main; sys.exit(main())"
#: Seconds that one whole run may take on a machine under load.
_DEADLINE = 3600.0
#: Differences that are printed after a run: one cause may show in very many.
_SHOWN = 20
_COLUMNS = (
    "filesystems", "runs", "scenarios", "checks", "seconds a run", "load average", "differ",
    "not always made",
)  # fmt: skip
#: Busy until whoever started it is gone, whatever became of that one.
_BUSY = """
import os, sys, threading
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
while True:
    pass
"""

Key = tuple[str, str]


@dataclass(frozen=True)
class Result:
    """One check of one run, the worst where a scenario made several of a clause."""

    status: Status
    expected: str
    observed: str


@dataclass(frozen=True)
class Run:
    """One run of the suite: its checks by scenario and clause, and how it ended."""

    filesystems: str
    exit_status: int
    seconds: float
    scenarios: int
    checks: Mapping[Key, Result]
    #: The machine's load average over its last five minutes: all that ran beside it included.
    load: float


@dataclass(frozen=True)
class Difference:
    """A check whose result was not the same in all runs; by run, None where it was not made."""

    scenario: str
    clause: str
    results: tuple[Result | None, ...]

    def __str__(self) -> str:
        lines = [f"{self.scenario}: {self.clause}"]
        for number, result in enumerate(self.results, 1):
            if result is not None:
                lines.append(f"  run {number}: {result.status}")
                lines.append(f"    expected {result.expected}")
                lines.append(f"    observed {result.observed}")
        return "\n".join(lines)


def checks_of(record: Record) -> dict[Key, Result]:
    """Every check of a record; a scenario's own status stands under the clause ""."""
    found: dict[Key, list[CheckLine]] = {}
    for line in record.checks:
        found.setdefault((line.scenario, line.clause), []).append(line)
    results = {}
    for key, lines in found.items():
        status = worst(line.status for line in lines)
        shown = next(line for line in lines if line.status == status)
        results[key] = Result(status, shown.expected, shown.observed)
    for scenario in record.scenarios:
        shown_as = Result(scenario.status, "the same as before", scenario.message or "as it says")
        results[(scenario.id, "")] = shown_as
    return results


def differences(runs: Sequence[Run]) -> list[Difference]:
    """The checks that did not come out the same wherever they were made."""
    found = []
    for key in sorted({key for run in runs for key in run.checks}):
        results = tuple(run.checks.get(key) for run in runs)
        if len({result.status for result in results if result is not None}) > 1:
            found.append(Difference(*key, results))
    return found


def not_always_made(runs: Sequence[Run]) -> int:
    """How many checks some of the runs did not make."""
    keys = {key for run in runs for key in run.checks}
    return sum(any(key not in run.checks for run in runs) for key in keys)


@contextlib.contextmanager
def busy(cores: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Keep so many cores busy; the processes end with the context, or with this process."""
    processes = [
        subprocess.Popen([sys.executable, "-c", _BUSY], stdin=subprocess.PIPE) for _ in range(cores)
    ]
    try:
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.wait()
            if process.stdin is not None:
                process.stdin.close()


def conform(filesystems: str, options: argparse.Namespace) -> Run:
    """One run of the suite, in a process of its own; SystemExit where it came to no verdict."""
    with tempfile.TemporaryDirectory(prefix="snapcert-stability-") as folder:
        command = [
            "conform", "--fs", filesystems, "--executor", options.executor,
            "--seed", str(options.seed), "-n", str(options.workers), "--out", folder, "--quiet",
        ]  # fmt: skip
        command += ["-k", options.keyword] if options.keyword else []
        command += ["--rules", options.rules] if options.rules else []
        began = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-c", _SNAPCERT, *command],
            capture_output=True,
            check=False,
            timeout=_DEADLINE,
            env=os.environ,
        )
        seconds = time.monotonic() - began
        if done.returncode not in (0, 1):
            said = (done.stdout + done.stderr).decode(errors="replace")
            raise SystemExit(
                f"snapcert {shlex.join(command)} ended with {done.returncode}:\n{said}"
            )
        record = read(Path(folder) / "results.jsonl")
        return Run(
            filesystems,
            done.returncode,
            seconds,
            len(record.scenarios),
            checks_of(record),
            os.getloadavg()[1],
        )


def report(series: Mapping[str, Sequence[Run]], command: str, load: int) -> str:
    """The table of all runs as Markdown."""
    kernel = ".".join(platform.release().split(".")[:2])
    lines = [
        "# The same result each time",
        "",
        f"`{command}`, kernel {kernel}, {os.cpu_count()} cores, {load} kept busy",
        "",
        _row(_COLUMNS),
        _row("---" for _ in _COLUMNS),
    ]
    for filesystems, runs in series.items():
        seconds = sorted(run.seconds for run in runs)
        loads = sorted(run.load for run in runs)
        cells = (
            filesystems,
            len(runs),
            runs[0].scenarios,
            max(len(run.checks) for run in runs),
            f"{seconds[0]:.0f} to {seconds[-1]:.0f}",
            f"{loads[0]:.1f} to {loads[-1]:.1f}",
            len(differences(runs)),
            not_always_made(runs),
        )
        lines.append(_row(cells))
    return "\n".join(lines) + "\n"


def _row(cells: Iterable[object]) -> str:
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def main(arguments: Sequence[str] = ()) -> int:
    """Run the series and print the table; 1 where something differs."""
    options = _options(arguments)
    series: dict[str, list[Run]] = {}
    with busy(options.load):
        for filesystems, times in (("ext4", options.ext4), ("ext4,xfs,btrfs", options.all)):
            for number in range(1, times + 1):
                run = conform(filesystems, options)
                series.setdefault(filesystems, []).append(run)
                print(
                    f"{filesystems}, run {number} of {times}: {run.scenarios} scenarios, "
                    f"{len(run.checks)} checks, exit status {run.exit_status}, "
                    f"{run.seconds:.0f} s, load average {run.load:.1f}",
                    flush=True,
                )
                for difference in differences(series[filesystems])[:_SHOWN]:
                    print(difference, flush=True)
    found = [difference for runs in series.values() for difference in differences(runs)]
    text = report(
        series, shlex.join(["python", "-m", "bench", "stability", *arguments]), options.load
    )
    print(text)
    if options.write:
        RESULT.write_text(text, encoding="utf-8")
    return 1 if found else 0


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench stability")
    parser.add_argument("--ext4", type=int, default=20, help="runs on ext4 (%(default)s)")
    parser.add_argument("--all", type=int, default=5, help="on all filesystems (%(default)s)")
    parser.add_argument("--load", type=int, default=0, help="cores kept busy beside (%(default)s)")
    parser.add_argument("--workers", "-n", type=int, default=4, help="as for snapcert")
    parser.add_argument("--seed", type=int, default=1, help="as for snapcert")
    parser.add_argument("--keyword", "-k", default="", help="as for snapcert")
    parser.add_argument("--executor", default="reference", help="as for snapcert")
    parser.add_argument("--rules", default="", help="as for snapcert")
    parser.add_argument("--write", action="store_true", help=f"write bench/results/{RESULT.name}")
    return parser.parse_args(list(arguments))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
