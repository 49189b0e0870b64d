"""`make test` runs both parts, sums them up and fails where either did."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from setup import suite
from setup.suite import Part

_JUNIT = """<testsuites><testsuite>
<testcase name="a"/><testcase name="b"/>
<testcase name="c"><failure/></testcase>
<testcase name="d"><error/></testcase>
<testcase name="e"><skipped/></testcase>
<testcase name="f"><system-out>words</system-out></testcase>
</testsuite></testsuites>"""


def test_what_a_part_did_is_read_from_its_junit_file(tmp_path: Path) -> None:
    file = tmp_path / "junit.xml"
    file.write_text(_JUNIT)
    assert suite.counts(file) == {"passed": 3, "failed": 1, "errors": 1, "skipped": 1}


@pytest.mark.parametrize("content", [None, "", "<testsuites>"])
def test_a_part_that_died_did_nothing(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "junit.xml"
    if content is not None:
        file.write_text(content)
    assert suite.counts(file) == {"passed": 0, "failed": 0, "errors": 0, "skipped": 0}


def test_the_last_line_is_pytests_own_with_both_parts_in_it() -> None:
    parts = [Part("a", 0, 10.0, passed=5), Part("b", 1, 20.5, passed=2, failed=1, skipped=3)]
    line = suite.closing_line(parts)
    assert line.startswith("=====")
    assert " 1 failed, 7 passed, 3 skipped in 30.50s " in line
    assert "no tests ran in 0.00s" in suite.closing_line([])


@pytest.mark.parametrize(
    ("second", "code"),
    [
        (Part("b", 0, 1, passed=1), 0),
        (Part("b", 0, 1, passed=1, skipped=1), 0),
        (Part("b", 3, 1, passed=1), 3),
        (Part("b", 0, 1), 1),
        (Part("b", 0, 1, passed=1, failed=1), 1),
        (Part("b", 0, 1, passed=1, errors=1), 1),
    ],
    ids=["green", "skipped", "crashed", "nothing ran", "failed", "error"],
)
def test_green_is_only_what_ran_and_passed(second: Part, code: int) -> None:
    first = Part("a", 0, 1.0, passed=1)
    assert suite.exit_code([first, second]) == code
    assert suite.exit_code([second, first]) == code


def test_all_parts_run_even_if_the_first_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    script = '#!/bin/sh\nfor word; do case "$word" in --junitxml=*) file=${word#*=};; esac; done\n'
    (tools / "python").write_text(
        f'{script}cp {tmp_path}/junit "$file"\necho units $SNAPCERT_RECORD\nexit 1\n'
    )
    (tools / "snapcert").write_text(
        f'#!/bin/sh\nfor out; do :; done\ncp {tmp_path}/junit "$out/junit.xml"\necho scenarios $*\n'
    )
    for tool in tools.iterdir():
        tool.chmod(0o755)
    (tmp_path / "junit").write_text(_JUNIT)
    monkeypatch.setattr(sys, "executable", str(tools / "python"))
    monkeypatch.setattr(suite, "STATE", tmp_path)
    monkeypatch.setattr(suite, "ROOT", tmp_path)

    assert suite.main(["2"]) == 1
    out = capfd.readouterr().out
    assert "units" in out
    assert "scenarios conform --executor reference --fs ext4,xfs,btrfs -n 2" in out
    assert f"units {tmp_path}/test/conform/results.jsonl" in out
    assert "unit tests:   failed (exit status 1); 3 passed, 2 failed, 1 skipped" in out
    assert "traceability: failed (exit status 1); 3 passed, 2 failed, 1 skipped" in out
    assert "report:      test/conform/report.html" in out
    assert " 3 failed, 9 passed, 3 skipped, 3 errors in " in out.splitlines()[-1]
