"""pytest's own report of a run: a file beside the results, so that the view has the terminal."""

from __future__ import annotations

from pathlib import Path

import pytest
from _pytest.config import create_terminal_writer

from harness.problem import UsageProblem
from harness.results.plain import plain
from harness.results.redact import Redactor


class _Log:
    """A text file that goes on where the disk refuses a line: no log is worth a run."""

    encoding = "utf-8"

    def __init__(self, path: Path, redactor: Redactor) -> None:
        self._redactor = redactor
        # Unbuffered: no line waits for a close that a killed run never comes to.
        self._file = path.open("wb", buffering=0)

    def write(self, text: str) -> int:
        try:
            shown = plain(self._redactor.text(text))  # it holds what guests printed
            self._file.write(shown.encode(self.encoding, "backslashreplace"))
        except OSError:
            return 0
        return len(text)

    def flush(self) -> None:
        """Nothing is held back."""

    def isatty(self) -> bool:
        return False

    def close(self) -> None:
        self._file.close()


def divert(config: pytest.Config, path: Path, redactor: Redactor) -> None:
    """Send pytest's report to `path`, without secrets.

    Raises UsageProblem where its folder can't be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        log = _Log(path, redactor)
    except OSError as error:
        raise UsageProblem(
            f"the results can't be written to {path.parent}: {error.strerror}",
            "choose another folder with --out, or make room or rights there",
            "results",
        ) from error
    config.add_cleanup(log.close)
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:
        writer = create_terminal_writer(config, log)  # type: ignore[arg-type]  # what it needs
        reporter._tw = writer  # noqa: SLF001  # pytest has no public way
