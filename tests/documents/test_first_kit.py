"""docs/first-kit.md, executed: each command in its order, from an empty folder to a certificate.

In `make test` every certification stops at level 1, which needs no engine; `make walk` runs the
commands as they stand (SNAPCERT_WALK=whole), which takes some minutes.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from harness.cli import main
from tests.documents.pages import ROOT, blocks

PAGE = ROOT / "docs" / "first-kit.md"
WHOLE = os.environ.get("SNAPCERT_WALK") == "whole"


def commands() -> list[list[str]]:
    """Every command of the page's shell blocks, as words."""
    lines = [line for block in blocks(PAGE, "sh") for line in block.splitlines()]
    return [shlex.split(line) for line in lines if line]


def run(words: list[str], capfd: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """The exit status of a command of the page, and all that it showed."""
    assert words[0] == "snapcert"
    if words[1] == "certify" and not WHOLE:
        words = [*words, "--level", "1"]
    if WHOLE:  # a process of its own: a run under load must not share this one
        program = [sys.executable, "-c", "from harness.cli import main; main()"]
        with capfd.disabled():
            print(shlex.join(words), flush=True)
        done = subprocess.run([*program, *words[1:]], check=False, capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr
    capfd.readouterr()
    with pytest.raises(SystemExit) as ended:
        main(words[1:])
    assert isinstance(ended.value.code, int)
    return ended.value.code, "".join(capfd.readouterr())


def test_the_walk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    walked = commands()
    assert [words[1] for words in walked] == [
        "init", "lint", "certify", "certify", "certify", "keygen", "certify", "verify",
    ]  # fmt: skip
    shown = ""
    for words in walked:
        code, shown = run(words, capfd)
        assert code == 0, f"{shlex.join(words)}\n{shown[-4000:]}"
    assert f"certified  level {4 if WHOLE else 1}" in shown
    assert "by Orders Ltd" in shown
    # "Change a script, and it says which."
    (tmp_path / "orders" / "post.sh").write_text("#!/bin/sh\nexit 0\n")
    code, shown = run(walked[-1], capfd)
    assert code == 1
    assert "post.sh differs from the certified one" in shown
