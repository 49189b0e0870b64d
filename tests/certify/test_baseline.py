"""What a kit is held against, and what makes it run again."""

from __future__ import annotations

import datetime as dt
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from harness.certify.baseline import Baseline, Ground, load, of_records, reasons
from harness.certify.certificate import issue, make_key, private_key
from harness.certify.gate import Passage, exit_code, passage, sentence
from harness.certify.kit import Kit, load_kit
from harness.certify.levels import kit_info
from harness.certify.revisions import paths_since
from harness.problem import UsageProblem
from harness.results.compare import Change, Comparison
from harness.results.reader import parse
from harness.results.record import Header, PlanLine, Record, ScenarioLine, encode
from harness.results.verdict import Verdict
from harness.results.writer import Writer
from tests.results.sample import conform_header

ROOT = Path(__file__).resolve().parents[2]
NOW = dt.datetime(2026, 11, 26, tzinfo=dt.UTC)
STATIC = "scenarios/certification/test_level1_static.py::test_static"


@pytest.fixture(scope="module")
def kit() -> Kit:
    return load_kit(ROOT / "fixtures" / "kits" / "ledger")


def header(kit: Kit, level: int = 1) -> Header:
    return replace(conform_header(), kit=kit_info(kit, level, 5))


def write(folder: Path, head: Header, status: str = "passed") -> Record:
    with Writer(folder / "results.jsonl", head) as writer:
        writer.write(PlanLine((STATIC,)))
        writer.write(ScenarioLine(STATIC, status, 0.1))  # type: ignore[arg-type]
    return parse((folder / "results.jsonl").read_bytes())


@pytest.fixture
def baseline(kit: Kit, tmp_path: Path) -> Baseline:
    return of_records([write(tmp_path / "base", header(kit))])


def test_nothing_changed(kit: Kit, baseline: Baseline) -> None:
    assert reasons(kit, baseline, baseline.ground, 1) == ()
    assert reasons(kit, baseline, baseline.ground, 1, ()) == ()


def test_what_makes_it_run_again(kit: Kit, baseline: Baseline) -> None:
    def why(base: Baseline | None = baseline, level: int = 1, **ground: object) -> str:
        there = replace(baseline.ground, **ground)  # type: ignore[arg-type]
        [said] = reasons(kit, base, there, level)
        return said

    files = {**baseline.files, "pre.sh": "other", "gone": "x"}
    assert why(replace(baseline, files=files)) == "changed: gone, pre.sh"
    assert why(replace(baseline, digest="other")) == "changed: which files may be executed"
    assert why(executor={"run": "x"}) == "the executor is another one"
    assert why(suite="9") == f"the suite is 9, its baseline's {baseline.ground.suite}"
    assert why(rules="strict").startswith("the rule set is strict")
    assert why(level=2).startswith("level 2 is asked for")
    assert why(None) == "it has no baseline"


def test_version_control_adds_to_what_the_digests_say(kit: Kit, baseline: Baseline) -> None:
    """Git calls nothing changed: the kit may still never have been certified as it is."""
    old = replace(baseline, files={**baseline.files, "pre.sh": "other"})
    assert reasons(kit, old, old.ground, 1, ()) == ("changed: pre.sh",)
    assert reasons(kit, old, old.ground, 1, ("bin/x", "pre.sh")) == ("changed: bin/x, pre.sh",)
    assert reasons(kit, baseline, baseline.ground, 1, ("a", "b", "c", "d", "e")) == (
        "changed: a, b, c, d and 1 more",
    )


def test_a_baseline_that_failed_is_none(kit: Kit, tmp_path: Path) -> None:
    base = of_records([write(tmp_path, header(kit), "failed")])
    assert reasons(kit, base, base.ground, 1) == ("its baseline's verdict is does-not-conform",)


def test_the_latest_of_several_counts(kit: Kit, tmp_path: Path) -> None:
    old = replace(header(kit), started="2026-01-01T00:00:00Z")
    write(tmp_path / "a", old, "failed")
    write(tmp_path / "b", header(kit))
    [base] = load([str(tmp_path)], None, NOW).values()
    assert base.doubt == ""
    assert len(base.records) == 2


# -- a certificate


@pytest.fixture
def certified(kit: Kit, tmp_path: Path) -> tuple[Path, Path]:
    """A certificate of level 1, and the issuer's public key."""
    public = make_key(tmp_path / "key")
    record = write(tmp_path / "made", header(kit))
    path = tmp_path / "certificate.json"
    path.write_bytes(issue(record, private_key(tmp_path / "key"), 30))
    return path, public


def test_a_certificate(kit: Kit, certified: tuple[Path, Path]) -> None:
    path, public = certified
    [base] = load([str(path)], public, NOW).values()
    head = header(kit)
    there = Ground(head.suite, head.rules, head.executor.files)
    assert base.records == ()
    assert reasons(kit, base, there, 1) == ()
    assert reasons(kit, replace(base, digest="x"), there, 1)


def test_a_certificate_that_does_not_hold(
    kit: Kit, certified: tuple[Path, Path], tmp_path: Path
) -> None:
    path, public = certified
    later = dt.datetime.now(dt.UTC) + dt.timedelta(days=60)
    [expired] = load([str(path)], public, later).values()
    assert "expired" in expired.doubt
    other = make_key(tmp_path / "other")
    [forged] = load([str(path)], other, NOW).values()
    assert "signature" in forged.doubt


def test_what_is_no_baseline(tmp_path: Path) -> None:
    write(tmp_path, conform_header())
    with pytest.raises(UsageProblem, match="no baseline of a kit"):
        load([str(tmp_path)], None, NOW)
    (tmp_path / "other.json").write_bytes(encode(ScenarioLine("a", "passed", 1.0)))
    with pytest.raises(UsageProblem, match="no record"):
        load([str(tmp_path / "other.json")], None, NOW)


# -- version control


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A kit in a folder of a repository, at tag `base`; `main` has gone on since."""
    folder = tmp_path / "repository" / "kit"
    folder.mkdir(parents=True)
    for name in ("pre.sh", "post.sh"):
        (folder / name).write_text("exit 0\n")
    git(folder, "init", "-q", "-b", "main", "..")
    git(folder, "add", ".")
    commit(folder, "one")
    git(folder, "tag", "base")
    git(folder, "switch", "-qc", "work")
    return folder


def git(folder: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    subprocess.run(["git", "-C", str(folder), *identity, *arguments], check=True)


def commit(folder: Path, message: str) -> None:
    git(folder, "commit", "-qam", message)


def test_git_tells_what_changed(repository: Path) -> None:
    assert paths_since("base", repository) == ()
    (repository.parent / "elsewhere").write_text("")
    (repository / ".hidden").write_text("")
    assert paths_since("base", repository) == ()
    (repository / "pre.sh").write_text("exit 1\n")
    (repository / "new file").write_text("")
    assert paths_since("base", repository) == ("new file", "pre.sh")
    git(repository, "add", ".")
    commit(repository, "two")
    assert paths_since("base", repository) == ("new file", "pre.sh")
    assert paths_since("HEAD", repository) == ()
    (repository / "post.sh").unlink()
    assert paths_since("HEAD", repository) == ("post.sh",)


def test_what_others_did_meanwhile_is_no_change(repository: Path) -> None:
    git(repository, "switch", "-q", "main")
    (repository / "pre.sh").write_text("exit 2\n")
    commit(repository, "theirs")
    git(repository, "switch", "-q", "work")
    assert paths_since("main", repository) == ()


@pytest.mark.parametrize("revision", ["nonsense", "--help", "base:kit"])
def test_a_revision_that_there_is_not(repository: Path, revision: str) -> None:
    with pytest.raises(UsageProblem, match="knows no revision"):
        paths_since(revision, repository)


def test_no_repository(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="knows no revision"):
        paths_since("HEAD", tmp_path)


# -- the line of why


def worse(*kinds: str) -> Comparison:
    return Comparison(tuple(Change(k, f"s{n}", "", True) for n, k in enumerate(kinds)))  # type: ignore[arg-type]


HOLDS = Verdict("conforms", ("all of it holds",))


@pytest.mark.parametrize(
    ("verdict", "why", "comparison", "code", "said"),
    [
        (HOLDS, (), None, 0, "holds at level 1, nothing changed"),
        (HOLDS, ("changed: pre.sh",), worse(), 0, "holds at level 3, because changed: pre.sh"),
        (
            HOLDS,
            ("x",),
            worse("slower", "removed"),
            1,
            "slower: s0 and 1 more (level 3, because x)",
        ),
        (Verdict("incomplete", ("no engine",)), ("x",), None, 2, "no engine (level 3, because x)"),
    ],
)
def test_one_passage(
    verdict: Verdict, why: Sequence[str], comparison: Comparison | None, code: int, said: str
) -> None:
    assert passage("k", verdict, 3, why, comparison) == Passage("k", code, said)


def test_the_exit_code_and_its_line() -> None:
    good, bad, broken = Passage("a", 0, "holds"), Passage("b", 1, "fails"), Passage("c", 3, "gone")
    assert sentence([good]) == "gate open (0): a: holds"
    assert sentence([good, broken, bad]) == "gate closed (1): b: fails; c: gone; a: holds"
    assert exit_code([good, broken]) == 3
    assert exit_code([Passage("a", 2, ""), Passage("b", 4, "")]) == 4
    assert exit_code([]) == 2
