"""snapcert gate from the files to the exit code, as far as no engine is needed."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from harness.cli import main
from harness.results.reader import read
from tests.cli.conftest import Snapcert


@pytest.fixture(scope="module")
def certified(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a record of the kit's level 1, under the reference's rule set."""
    folder = tmp_path_factory.mktemp("certified")
    with pytest.raises(SystemExit) as ended:
        main(["certify", "ledger", "--level", "1", "--quiet", "--out", str(folder)])
    assert ended.value.code == 0
    return folder


@pytest.fixture
def baseline(certified: Path, tmp_path: Path) -> str:
    """That record, in the folder where snapcert runs."""
    shutil.copytree(certified, tmp_path / "base")
    return "base/results.jsonl"


def test_an_unchanged_kit_and_one_that_got_worse(
    snapcert: Snapcert, kit: Path, baseline: str
) -> None:
    done = snapcert("gate", kit, "--baseline", baseline, "--out", "gate")
    assert done.code == 0
    assert done.shown.endswith("gate open (0): ledger: holds at level 1, nothing changed")
    post = kit / "post.sh"
    post.write_bytes(post.read_bytes().replace(b"\n", b"\r\n"))
    done = snapcert("gate", kit, "--baseline", baseline, "--out", "gate")
    assert done.code == 1
    assert "gate closed (1): ledger: clauses that do not hold: KIT-1.scripts" in done.shown
    assert "(level 1, because changed: post.sh)" in done.shown
    assert "newly failing (1)" in done.shown
    assert read(kit.parent / "gate" / "ledger" / "results.jsonl").header.kit is not None


def test_as_json(
    kit: Path, baseline: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    arguments = ["gate", str(kit), "--baseline", str(tmp_path / baseline), "--json"]
    capfd.readouterr()
    with pytest.raises(SystemExit) as ended:
        main([*arguments, "--out", str(tmp_path / "gate")])
    assert ended.value.code == 0
    told = json.loads(capfd.readouterr().out)
    assert told["exit_code"] == 0
    assert told["why"] == ["gate open (0): ledger: holds at level 1, nothing changed"]
    assert told["kits"] == [
        {"kit": "ledger", "exit_code": 0, "why": ["holds at level 1, nothing changed"]}
    ]


def test_without_an_engine_a_changed_kit_cannot_pass(
    snapcert: Snapcert, kit: Path, baseline: str
) -> None:
    done = snapcert("gate", kit, "--baseline", baseline, "--level", 2, "--out", "gate")
    assert done.code == 3
    assert "gate closed (3): ledger: " in done.shown


def test_what_git_does_not_see_makes_it_run_again(
    snapcert: Snapcert, kit: Path, baseline: str
) -> None:
    """The kit is as it was committed, and not as it was certified."""
    pre = kit / "pre.sh"
    pre.write_bytes(pre.read_bytes() + b"# never certified\n")
    who = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    for words in (("init", "-q"), ("add", "."), (*who, "commit", "-qm", "one")):
        subprocess.run(["git", "-C", str(kit), *words], check=True)
    done = snapcert("gate", kit, "--baseline", baseline, "--changed-since", "HEAD", "--out", "gate")
    assert done.shown.endswith("gate open (0): ledger: holds at level 1, because changed: pre.sh")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("kit", "--baseline", "nothing.jsonl"), "nothing.jsonl can't be read"),
        (("kit",), "Missing option '--baseline'."),
        (("--baseline", "x"), "Missing argument 'KIT…'."),
        (("kit", "--baseline", "x", "--level", "9"), "Invalid value for '--level'"),
        (("nokit", "--baseline", "BASE"), "there is no script kit at nokit"),
        (("ledger", "--baseline", "BASE", "--changed-since", "no"), "git knows no revision 'no'"),
        (("ledger", "--baseline", "BASE", "--executor", "no"), "'no' names no executor"),
    ],
)
@pytest.mark.parametrize("as_json", [False, True])
def test_what_keeps_the_gate_from_judging_closes_it(
    snapcert: Snapcert,
    baseline: str,
    arguments: Sequence[str],
    said: str,
    as_json: bool,
) -> None:
    """In one line at the end, as what was judged; as JSON `why` is of the same type too."""
    given = [baseline if word == "BASE" else word for word in arguments]
    done = snapcert("gate", *given, *(["--json"] if as_json else []))
    assert done.code == 4
    assert said in done.shown
    assert "remedy: " in done.shown
    if as_json:
        told, _ = json.JSONDecoder().raw_decode(done.shown)  # standard output is shown first
        [line] = told["why"]
        assert told["exit_code"] == 4
        assert told["kits"] == []
        assert said in told["error"]["message"]
    else:
        line = done.shown.partition(" error: ")[0]
    assert line.startswith("gate closed (4): ")
    assert said in line


# -- known deviations


def known(folder: Path, **entry: str) -> Path:
    """A file with one entry that has not expired."""
    fields = {
        "reason": "an editor on another system",
        "link": "https://example.org/7",
        "owner": "alice",
        "expires": "2999-01-01",
        **entry,
    }
    path = folder / "known.toml"
    path.write_text(
        "[[deviation]]\n"
        + "".join(f"{key} = {json.dumps(value)}\n" for key, value in fields.items())
    )
    return path


def test_a_new_deviation_opens_the_gate(snapcert: Snapcert, kit: Path, baseline: str) -> None:
    """The baseline passed; what fails since then is accepted, and is told as what it is."""
    post = kit / "post.sh"
    post.write_bytes(post.read_bytes().replace(b"\n", b"\r\n"))
    arguments = ("gate", kit, "--baseline", baseline, "--out", "gate")
    assert snapcert(*arguments).code == 1
    file = known(kit.parent, clause="KIT-1", kit="ledger")
    done = snapcert(*arguments, "--known-deviations", file)
    assert done.shown.endswith("gate open (0): ledger: holds at level 1, because changed: post.sh")
    assert done.code == 0
    assert "newly failing (1)" in done.shown
    assert "known deviation until 2999-01-01" in done.shown
    assert "worse" not in done.shown.replace("nothing is worse", "")


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"clause": "KIT-1", "kit": "nosuchkit"}, "KIT-1 of kit nosuchkit: no such kit is gated"),
        (
            {"scenario": "scenarios/certification/test_level1_static.py::test_statik"},
            "did you mean scenarios/certification/test_level1_static.py::test_static?",
        ),
        ({"scenario": "../x.py::test_static"}, "names '../x.py::test_static', which there is not"),
    ],
)
def test_an_entry_that_can_never_speak(
    snapcert: Snapcert, kit: Path, baseline: str, entry: dict[str, str], said: str
) -> None:
    file = known(kit.parent, **entry)
    done = snapcert("gate", kit, "--baseline", baseline, "--known-deviations", file)
    assert done.code == 4
    assert said in done.shown
    assert "gate closed (4): " in done.shown


def test_an_entry_of_a_level_that_was_not_run_waits(
    snapcert: Snapcert, kit: Path, baseline: str
) -> None:
    scenario = "scenarios/certification/test_level4_resilient.py::test_resilient"
    file = known(kit.parent, scenario=scenario)
    done = snapcert("gate", kit, "--baseline", baseline, "--known-deviations", file)
    assert done.code == 0, done.shown
