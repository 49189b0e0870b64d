"""The live view of a run: what runs now, what failed and why, what is left, and the verdict.

On a terminal, a progress line and a line for each worker stay at the bottom; elsewhere (a pipe, a
CI log) the same facts come as plain lines, once a minute, readable without colour in 80 columns.
Only the controller draws; workers send lines.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from harness.results.plain import one_line, seconds
from harness.results.pulse import Pulse
from harness.results.record import (
    CheckLine,
    ControlLine,
    Footer,
    Header,
    KitInfo,
    Line,
    PlanLine,
    RoundLine,
    RunLine,
    ScenarioLine,
    Status,
)
from harness.results.rounds import summaries
from harness.results.strip import draw
from harness.results.texts import errors_named
from harness.results.timeline import build
from harness.results.verdict import STATUSES, is_bad
from harness.results.wording import (
    STATUS_WORDS,
    check_paragraphs,
    counts_sentence,
    headline,
    round_sentence,
    scenario_paragraphs,
    short_id,
    wrapped,
)

_STYLES: Mapping[Status, str] = {
    "not-applicable": "dim",
    "skipped": "dim",
    "passed": "green",
    "warned": "yellow",
    "failed": "bold red",
    "hung": "bold magenta",
    "crashed": "bold red",
    "harness-error": "bold white on red",
}
_VERDICT_STYLES = {0: "bold green", 1: "bold red", 2: "bold yellow", 3: "bold white on red"}
#: What the progress line counts, the worst first.
_TELLING = tuple(s for s in reversed(STATUSES) if s == "warned" or is_bad(s))
_WIDEST = 100
_ENOUGH_TO_ESTIMATE = 3
#: Seconds between two lines of progress in a log.
_PULSE = 60.0
_RUNNING_SHOWN = 4


class Terminal:
    """A `writer.Listener` that draws.

    `clauses` maps clause ids to their texts; `quiet` leaves only failures and the verdict. `file`
    and `width` are for tests; `clock` gives seconds. Use as a context manager: on leaving it gives
    the screen back.
    """

    def __init__(
        self,
        clauses: Mapping[str, str] | None = None,
        *,
        quiet: bool = False,
        file: IO[str] | None = None,
        width: int | None = None,
        live: bool | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.console = Console(
            file=file, width=width, highlight=False, markup=False, emoji=False, soft_wrap=True
        )
        if width is None and not self.console.is_terminal:
            self.console.width = 80
        self._clauses = clauses or {}
        self._quiet = quiet
        self._clock = clock
        self._began = clock()
        self._kit: KitInfo | None = None
        self._known = 0
        self._total = 0
        self._rounds: list[RoundLine] = []
        self._controls = 0
        self._caught = 0
        self._counts: Counter[Status] = Counter()
        self._running: dict[str, tuple[str, str, float]] = {}
        self._checks: dict[str, list[CheckLine]] = {}
        self._runs: dict[str, list[RunLine]] = {}
        wants_live = self.console.is_terminal if live is None else live
        self._live = (
            Live(
                console=self.console,
                get_renderable=self._bottom,
                refresh_per_second=4,
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            if wants_live and not quiet
            else None
        )
        self._pulse = None if wants_live or quiet else Pulse(self.progress, _PULSE)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def begun(self, header: Header) -> None:
        """Say in a few lines what is about to be run."""
        self._began = self._clock()
        self._kit = header.kit
        if self._quiet:
            return
        about = [f"executor {header.executor.name} {header.executor.version}".rstrip()]
        if header.kit is not None:
            about.insert(0, f"kit {header.kit.name} {header.kit.version}".rstrip())
            about.append(f"level {header.kit.level}")
        about += [f"rules {header.rules}", f"seed {header.seed}"]
        about.append("1 worker" if header.workers == 1 else f"{header.workers} workers")
        self._print(one_line(f"snapcert {header.suite}"), "bold")
        self._paragraph(", ".join(about), "  ")
        self._paragraph(f"{header.engine}, kernel {header.kernel}, {header.image}", "  ")
        if self._live is not None:
            self._live.start()
        if self._pulse is not None:
            self._pulse.__enter__()

    def progress(self) -> None:
        """A line of progress, and what runs now, for a log that has no live view."""
        done = sum(self._counts.values())
        self._paragraph(f"{', '.join(self._said(done))}; {self._left(done)}", "  ", "running ")
        busy = self._busy()
        for _, scenario, took in busy[:_RUNNING_SHOWN]:
            self._paragraph(f"{scenario} for {took}", _INDENT, "now")
        if len(busy) > _RUNNING_SHOWN:
            self._print(f"{_INDENT}and {len(busy) - _RUNNING_SHOWN} more")

    def started(self, scenario: str, worker: str) -> None:
        """A worker is busy with a scenario from now on."""
        self._running[scenario] = (scenario, worker, self._clock())

    def recorded(self, line: Line) -> None:
        """Count a line, and show it where a person should see it now."""
        if isinstance(line, PlanLine):
            self._total += len(line.scenarios)
            if not self._quiet and line.scenarios:
                noun = "scenario" if self._total == 1 else "scenarios"
                self._print(f"  {self._total} {noun}\n")
        elif isinstance(line, CheckLine):
            self._checks.setdefault(line.scenario, []).append(line)
        elif isinstance(line, RunLine):
            self._runs.setdefault(line.scenario, []).append(line)
        elif isinstance(line, ScenarioLine):
            self._finished(line)
        elif isinstance(line, RoundLine):
            self._rounds.append(line)
            if not self._quiet or is_bad(line.status):
                self._labelled(line.status, round_sentence(line))
        elif isinstance(line, ControlLine):
            self._control(line)

    def closed(self, footer: Footer, reports: Sequence[Path]) -> None:
        """The closing block: verdict, why, counts, and where to read on."""
        self._stop()
        style = _VERDICT_STYLES.get(footer.exit_code, "bold")
        self._print("")
        rule = "─" if self.console.encoding.startswith("utf") else "-"
        self._print(rule * self._width())
        title = headline(footer.verdict, self._kit, self._known)
        self._print(f"{title}   (exit code {footer.exit_code})", style)
        for reason in footer.why:
            self._paragraph(reason, "  ")
        self._paragraph(counts_sentence(footer.counts), "  ")
        for summary in () if self._quiet else summaries(self._rounds):
            self._paragraph(str(summary), "  ")
            for spread in summary.spreads:
                self._print(f"    {spread.words:<16} {spread}")
        if self._controls:
            self._paragraph(f"sabotaged evidence: {self._caught} of {self._controls} caught", "  ")
        self._print(f"  time      {seconds(self._clock() - self._began)}")
        for kind, path in kinds(reports).items():
            self._print(f"  {kind:<9} {path}")

    def _finished(self, line: ScenarioLine) -> None:
        self._running.pop(line.id, None)
        self._counts[line.status] += 1
        self._known += bool(line.deviation)
        checks = self._checks.pop(line.id, [])
        runs = self._runs.pop(line.id, [])
        telling = [c for c in checks if is_bad(c.status)]
        if not is_bad(line.status) and self._quiet:
            return
        digits = len(str(self._total))
        done = f"{sum(self._counts.values()):>{digits}}/{self._total}"
        took = seconds(line.seconds) if line.seconds else ""
        self._labelled(line.status, _shown(line.id), f"{done} {took:>8}  ")
        if line.status == "warned":
            clauses = dict.fromkeys(c.clause for c in checks if c.status == "warned")
            self._paragraph("advisory: " + ", ".join(clauses), _INDENT)
        if line.skipped_reason:
            self._paragraph(f"because {line.skipped_reason}", _INDENT)
        if not is_bad(line.status):
            return
        for check in telling:
            for style, label, text in check_paragraphs(check, self._clauses):
                self._paragraph(text, _INDENT, label, style)
        shown = [run for run in runs if any(check.run == run.id for check in telling)]
        for error in errors_named(telling, shown):
            self._paragraph("", _INDENT, error.name, "bold")
            self._paragraph(error.message, _INDENT, "means   ")
            self._paragraph(error.action, _INDENT, "do      ")
        for run in shown:
            self._timeline(run)
        for style, label, text in scenario_paragraphs(line):
            if text == line.replay:  # to be copied, so it is not wrapped
                self._print(f"{_INDENT}{label} {one_line(text)}")
            else:
                self._paragraph(text, _INDENT, label, style)
        self._print("")

    def _timeline(self, run: RunLine) -> None:
        for row in draw(build(run.history), self._width() - len(_INDENT)):
            self._print(_INDENT + row)

    def _control(self, line: ControlLine) -> None:
        if line.kind == "oracle":
            self._controls += 1
            self._caught += line.caught
            if line.caught:  # one for each round and kind of sabotage: told together at the end
                return
            word, style = "NOT CAUGHT", "bold red"
        elif self._quiet:
            return
        else:
            word, style = ("differs" if line.caught else "the same"), ""
        text = Text("  ")
        text.append(f"{word:<10}", style)
        text.append(one_line(f"{line.kind} control: {line.name}"))
        self._draw(text)
        if line.detail:
            self._paragraph(line.detail, " " * 12)

    def _labelled(self, status: Status, sentence: str, before: str = "") -> None:
        text = Text("  ")
        text.append(f"{STATUS_WORDS[status]:<8}", _STYLES[status])
        text.append(f" {before}", "dim")
        hang = text.cell_len
        first, *more = wrapped(sentence, self._width() - hang, "", "")
        text.append(first)
        self._draw(text)
        for rest in more:
            self._print(" " * hang + rest)

    def _paragraph(self, text: str, indent: str, label: str = "", style: str = "") -> None:
        hang = " " * (len(label) + 1) if label else ""
        lines = wrapped(one_line(text), self._width(), indent + hang, indent + hang)
        for number, line in enumerate(lines):
            if number == 0 and label:
                shown = Text(indent)
                shown.append(f"{label} ", style or "dim")
                shown.append(line[len(indent) + len(hang) :], "bold" if style else "")
                self._draw(shown)
            else:
                self._print(line)

    def _print(self, text: str, style: str = "") -> None:
        self._draw(Text(text, style))

    def _draw(self, text: Text) -> None:
        encoding = self.console.encoding
        if not encoding.startswith("utf"):  # a terminal that can't show a character gets its code
            text.plain = text.plain.encode(encoding, "backslashreplace").decode(encoding)
        self.console.print(text)

    def _width(self) -> int:
        return min(self.console.width, _WIDEST)

    def _stop(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None
        if self._pulse is not None:
            self._pulse.__exit__(None, None, None)
            self._pulse = None

    def _bottom(self) -> Group:
        done = sum(self._counts.values())
        grid = Table.grid(padding=(0, 2))
        bar = ProgressBar(total=max(self._total, 1), completed=done, width=24)
        grid.add_row(bar, Text(", ".join(self._said(done))), Text(self._left(done), "dim"))
        lines = [
            Text(
                f"  {worker or 'now':<5} {scenario}  {took}",
                "dim",
                no_wrap=True,
                overflow="ellipsis",
            )
            for worker, scenario, took in self._busy()
        ]
        return Group(Text(""), grid, *lines)

    def _said(self, done: int) -> list[str]:
        said = [f"{done}/{self._total}"]
        said += [f"{self._counts[s]} {s}" for s in _TELLING if self._counts[s]]
        if self._rounds:
            said.append(f"{len({r.number for r in self._rounds})} rounds")
        return said

    def _busy(self) -> list[tuple[str, str, str]]:
        """What runs now: worker, scenario, for how long."""
        now = self._clock()
        running = list(self._running.values())  # drawn by a thread of its own: a copy
        return [
            (worker, _shown(scenario), seconds(now - since))
            for scenario, worker, since in sorted(running, key=lambda item: item[1])
        ]

    def _left(self, done: int) -> str:
        passed = self._clock() - self._began
        if done < min(_ENOUGH_TO_ESTIMATE, self._total) or done >= self._total:
            return seconds(passed)
        return f"{seconds(passed)}, about {seconds(passed / done * (self._total - done))} left"


_INDENT = " " * 11


def _shown(scenario: str) -> str:
    """An id that may be wrapped before its parameters."""
    return one_line(short_id(scenario)).replace("[", " [", 1)


def kinds(paths: Sequence[Path]) -> dict[str, str]:
    """What was written, by what it is for a person."""
    return {_KINDS.get(path.suffix, "file"): str(path) for path in paths}


_KINDS = {".html": "report", ".jsonl": "results", ".xml": "junit", ".json": "signed"}
