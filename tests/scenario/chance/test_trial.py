"""What a scenario of chance records and says, with an executor that is a function."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from harness.history import Filesystem
from harness.oracles.consequences import found
from harness.results.record import CheckLine
from harness.scenario.case import Case, ScenarioFailed, Workplace
from harness.scenario.chance import trial
from harness.scenario.chance.trial import Kind, Trials
from harness.scenario.worker import Recorder
from tests.oracles.builders import history

Words = tuple[str, ...]


def simpler(words: Words) -> Iterator[Words]:
    for place in range(len(words)):
        yield (*words[:place], *words[place + 1 :])


def guest(_: Words) -> tuple[str, Filesystem]:
    return "data", "ext4"


class Executor:
    """Breaks FBK-01.status where it meets bad and worse, RUN-03.zero where it meets odd."""

    def __init__(self) -> None:
        self.met: list[Words] = []

    def act(self, case: Case, words: Words) -> None:
        self.met.append(words)
        good = not {"bad", "worse"} <= set(words)
        case.add(found("FBK-01.status", good, "succeeded", "as seen"), history())
        case.add(found("RUN-03.zero", "odd" not in words, "1 execution", "as seen"), history())

    def kind(self) -> Kind[Words]:
        return Kind(", ".join, simpler, guest, self.act)


def workplace(rules: str = "strict") -> Workplace:
    target: Any = SimpleNamespace(not_applicable={}, identity=SimpleNamespace(kind="reference"))
    return Workplace(cast(Any, None), target, rules)


@pytest.fixture
def recorder() -> Recorder:
    return Recorder("scenarios/test_random.py::test_situation[3]")


def checks(recorder: Recorder) -> list[CheckLine]:
    return [line for line in recorder.lines if isinstance(line, CheckLine)]


def test_what_holds_is_recorded_with_what_was_met(recorder: Recorder) -> None:
    executor = Executor()
    Trials(workplace(), recorder, keep=False).judge(("calm", "bad"), executor.kind())
    assert executor.met == [("calm", "bad")]
    assert recorder.title == "By chance: calm, bad"
    assert [line.expected for line in checks(recorder)] == [
        "succeeded, where calm, bad",
        "1 execution, where calm, bad",
    ]


def test_what_fails_is_told_by_its_simplest_form(recorder: Recorder) -> None:
    executor = Executor()
    first = ("calm", "bad", "quiet", "odd", "worse", "still")
    with pytest.raises(ScenarioFailed) as caught:
        Trials(workplace(), recorder, keep=False).judge(first, executor.kind())
    said = str(caught.value)
    # Either of the two clauses is the same failure: the first that is found stays.
    assert said.startswith(("where odd:", "where bad, worse:"))
    assert ", ".join(first) in said
    assert recorder.title.removeprefix("By chance: ") in ("odd", "bad, worse")
    assert len(executor.met) == len(set(executor.met))
    told = {line.expected.partition(", where ")[2] for line in checks(recorder)}
    assert told == {", ".join(first), recorder.title.removeprefix("By chance: ")}


def test_another_clause_is_another_failure(recorder: Recorder) -> None:
    with pytest.raises(ScenarioFailed, match=r"^where bad, worse:\nFBK-01\.status: "):
        Trials(workplace(), recorder, keep=False).judge(("bad", "calm", "worse"), Executor().kind())


def test_what_fails_already_as_simple_as_can_be(recorder: Recorder) -> None:
    with pytest.raises(ScenarioFailed) as caught:
        Trials(workplace(), recorder, keep=False).judge(("odd",), Executor().kind())
    assert str(caught.value).startswith("where odd:\nRUN-03.zero: ")
    assert len(checks(recorder)) == 2


def test_the_search_for_a_simpler_one_has_an_end(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial, "SECONDS", 0.0)
    executor = Executor()
    first = ("odd", "calm")
    with pytest.raises(ScenarioFailed, match=r"^where odd, calm:"):
        Trials(workplace(), recorder, keep=False).judge(first, executor.kind())
    assert executor.met == [first]


def test_a_scenario_that_checks_nothing_is_no_success(recorder: Recorder) -> None:
    kind = Kind[Words](", ".join, simpler, guest, lambda case, words: None)
    with pytest.raises(ScenarioFailed, match="checked nothing"):
        Trials(workplace(), recorder, keep=False).judge((), kind)


def test_what_does_not_bind_is_no_failure(recorder: Recorder) -> None:
    def act(case: Case, words: Words) -> None:
        case.add(found("FRZ-04.error", False, "FsFreezeFailed", "nothing"), history())

    kind = Kind[Words](", ".join, simpler, guest, act)
    Trials(workplace("2025-04"), recorder, keep=False).judge(("calm",), kind)
    assert [line.status for line in checks(recorder)] == ["warned"]
    trials = Trials(workplace("2025-04"), recorder, keep=False)
    assert (trials.binds("FRZ-04.error"), trials.binds("FBK-01.status")) == (False, True)
