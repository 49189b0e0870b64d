"""--known-deviations from the file to the exit code, on the level that needs no engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.results.reader import read
from tests.cli.conftest import Done, Snapcert

ENTRY = """\
[[deviation]]
clause = "{clause}"
reason = "an editor on another system"
link = "https://example.org/7"
owner = "alice"
expires = {expires}
"""


@pytest.fixture
def crlf(kit: Path) -> Path:
    """A kit whose post-script has Windows line endings."""
    post = kit / "post.sh"
    post.write_bytes(post.read_bytes().replace(b"\n", b"\r\n"))
    return kit


def certify(snapcert: Snapcert, kit: Path, entry: str = "") -> Done:
    arguments: list[object] = ["certify", kit, "--level", 1, "--out", "out"]
    if entry:
        (kit.parent / "known.toml").write_text(entry)
        arguments += ["--known-deviations", "known.toml"]
    return snapcert(*arguments)


def test_an_accepted_failure_and_one_that_is_not(snapcert: Snapcert, crlf: Path) -> None:
    assert certify(snapcert, crlf).code == 1
    done = certify(snapcert, crlf, ENTRY.format(clause="KIT-1", expires="2999-01-01"))
    assert done.code == 0
    assert "1 that fail by a known deviation" in done.shown
    record = read(crlf.parent / "out" / "results.jsonl")
    assert "--known-deviations known.toml" in record.header.command
    assert record.scenarios[0].deviation.startswith("known deviation until 2999-01-01")


@pytest.mark.parametrize("form", ["html", "markdown", "sarif", "annotations"])
def test_what_is_accepted_is_not_certified(snapcert: Snapcert, crlf: Path, form: str) -> None:
    """Nor called so, wherever a verdict has a headline: it gets no certificate."""
    done = certify(snapcert, crlf, ENTRY.format(clause="KIT-1", expires="2999-01-01"))
    rendered = snapcert("report", "out", "--format", form)
    for shown in (done.shown, rendered.shown):
        assert "Holds with known deviations (not certified)" in shown
        assert "Certified at level" not in shown
    assert snapcert("report", "out", "--format", "attestation").code == 4


def test_an_entry_that_fails_no_more(snapcert: Snapcert, kit: Path) -> None:
    done = certify(snapcert, kit, ENTRY.format(clause="KIT-1.scripts", expires="2999-01-01"))
    assert done.code == 4
    assert "does not fail any more" in done.shown


def test_an_entry_that_has_expired(snapcert: Snapcert, crlf: Path) -> None:
    done = certify(snapcert, crlf, ENTRY.format(clause="KIT-1", expires="2020-01-01"))
    assert done.code == 4
    assert "has expired on 2020-01-01" in done.shown
    assert not (crlf.parent / "out" / "results.jsonl").exists()
