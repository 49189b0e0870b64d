"""What a fault round shows, judged: pure functions over what `resilience` recorded.

The kit answers for its application, which comes back, and for a next backup that is whole; kit and
executor together for the sets, none of which is worse than was claimed for it. Whatever else the
contract asks of an executor under a fault is the business of `snapcert conform`; here is judged
what endangers the user's machine: what stays frozen, what is never undone, an outcome that lies.
"""

from __future__ import annotations

import math
import signal
from collections.abc import Sequence
from dataclasses import replace

from harness.certify.clauses import kit_finding
from harness.certify.faults import BEGINS, Fault, Instant, beginnings
from harness.certify.measures import acknowledged_within, claimed, gap_of, round_line
from harness.certify.resilience import FaultRound, Trial, post_owed
from harness.certify.situations import difference
from harness.history import Finding, History
from harness.oracles.application import Enough, Ledger, Proof, ledger
from harness.oracles.consequences import found
from harness.oracles.contract import reached_level
from harness.oracles.filesystem import Reached, above, reached
from harness.oracles.instants import first_start, post_start
from harness.oracles.judge import judge
from harness.oracles.terms import ScriptTerms, Terms
from harness.results.record import RoundLine, Status
from harness.targets.situation import FREEZE_BOUND

#: A faulty backup is proven by what was acknowledged before it: the fault may have ended the load.
BEFORE_ALONE = Enough(around=0, after=0)

#: The rules that an executor is held to in the faulty run.
_IN_A_FAULT = ("PLG-01", "FBK-07", "FRZ-03", "FRZ-05", "ROB-02", "SNP-02", "APP-01")
#: What names the clause of a disk that stays frozen, where nothing else came in the way.
_LEFT_FROZEN = "FRZ-01.thaw"


def terms_of_faulty(terms: Terms, fault: Fault, history: History, *, heeds: bool) -> Terms:
    """What a run that met a fault is held to; `terms` are those of a run without one.

    `heeds`: the executor is known to heed a shorter bound of the freeze.
    """
    given = FREEZE_BOUND if fault.freeze_bound is None else fault.freeze_bound
    # What asked for its set had to freeze before, but a single-disk guest may fall back to none.
    freezes = True if terms.freezes and history.snapshots and not history.single_disk else None
    return replace(
        terms,
        freezes=freezes,
        calls=1 if fault.refused and history.end.killed is None and history.snapshots else None,
        scripts=after_a_fault(terms.scripts, least=0),
        bound=given if heeds else FREEZE_BOUND,
        shortest_bound=given,
    )


def after_a_fault(scripts: Sequence[ScriptTerms], least: int = 1) -> tuple[ScriptTerms, ...]:
    """The scripts of a run that may have to recover an earlier one: its post-script runs too."""
    return tuple(
        replace(s, least=least, most=s.most * (2 if s.script == "post" else 1)) for s in scripts
    )


def faulty_findings(done: FaultRound, terms: Terms) -> tuple[Finding, ...]:
    """What is said of the executor, and of its claim, in the run that met the fault."""
    trial = done.faulty
    if trial is None:
        return ()
    history = trial.history
    findings = [
        finding
        for finding in judge(history, None, terms, BEFORE_ALONE)
        if finding.rule in _IN_A_FAULT or finding.clause == _LEFT_FROZEN
        # The application on a set that nobody called application consistent is information, and
        # whether it came back is the kit's own clause.
        if finding.rule != "APP-01" or claimed(history) == "application"
        if finding.clause != "APP-01.released"
    ]
    owed = _post_runs(done, trial)
    return (*findings, *([owed] if owed else []))


def _post_runs(done: FaultRound, trial: Trial) -> Finding | None:
    """The post-script is run, whatever comes: at the latest by the next run, before its pre."""
    history, later = trial.history, done.next
    if first_start(history, "pre") is None:
        return None
    expected = "the post-script is run for the pre-script that was started"
    if history.end.killed is None:
        clause = "RUN-06.after-snapshot" if done.fault.refused else "RUN-06.after-pre"
        holds = not post_owed(history)
        return found(clause, holds, expected, "it was run" if holds else "it was not run")
    if post_start(history) is not None:
        return found("ROB-02.post", True, expected, "it was started in that very run")
    if later is None:
        return None
    pre = first_start(later.history, "pre")
    early = any(
        run.script == "post" and (pre is None or run.started < pre.late)
        for run in later.history.script_runs
    )
    observed = "by the next run, first" if early else "neither what survived nor the next run did"
    return found("ROB-02.post", early, expected, observed)


# -- the kit's own clauses


def comes_back(done: FaultRound) -> Finding:
    """KIT-4.comes-back: after each backup of the round, unless the executor owed it post."""
    wrong = []
    for trial in done.trials:
        seen = trial.history.application
        if trial.back == "stuck":
            wrong.append(f"after {_named(trial)} {trial.why}")
        elif trial.back == "back" and seen and seen.state_before != seen.state_after:
            differs = difference(seen.state_before, seen.state_after)
            wrong.append(f"after {_named(trial)} its state differs: {differs}")
    held = "it answers, goes on, and its state is the same"
    if done.restarted:
        held += "; it had ended on a full disk, and was started again"
    told = f"{what_happened(done)}: {'; '.join(wrong) or held}"
    return kit_finding("KIT-4.comes-back", not wrong, told)


def true_sets(done: FaultRound, terms: Terms) -> Finding:
    """KIT-4.true-sets: no restored set of the round shows less than was claimed for it."""
    said, false = [], False
    for trial in done.trials:
        claim, shown = claimed(trial.history), shown_by(trial, terms)
        worse = above(claim, shown.level)
        false = false or worse
        if not trial.history.sets():
            if worse:
                said.append(f"{_named(trial)}: claimed {claim}, and took no set")
            continue
        why = f" ({'; '.join(shown.reasons)})" if worse else ""
        said.append(
            f"{_named(trial)}: claimed {claim}, its set shows {shown.level}{why}, "
            f"{_application_on(ledger(trial.history, BEFORE_ALONE))}"
        )
    told = f"{what_happened(done)}: {'; '.join(said) or 'no set was taken'}"
    return kit_finding("KIT-4.true-sets", not false, told)


def shown_by(trial: Trial, terms: Terms) -> Reached:
    """The level that the set of a trial shows, as far as its claim asks for it."""
    if claimed(trial.history) == "application":
        return reached_level(trial.history, terms, BEFORE_ALONE)
    return reached(trial.history, terms)


def next_clean(done: FaultRound, bad: Sequence[str]) -> Finding:
    """KIT-4.next-clean: the next backup is as good as one of level 3.

    `bad` are the clauses that bind and do not hold in it.
    """
    later = done.next
    if later is None:
        told = "the application did not come back, so that there was no next backup"
    elif claimed(later.history) != "application":
        outcome = later.history.end.outcome
        errors = f" ({', '.join(outcome.errors)})" if outcome and outcome.errors else ""
        told = f"it claims {claimed(later.history)} consistency{errors}"
    elif bad:
        told = f"it does not hold {', '.join(dict.fromkeys(bad))}"
    else:
        told = ""
    observed = f"{what_happened(done)}; the next backup: {told or 'application consistent'}"
    return kit_finding("KIT-4.next-clean", not told, observed)


def faulty_line(
    done: FaultRound, trial: Trial, terms: Terms, *, number: int, scenario: str, status: Status
) -> RoundLine:
    """The numbers of the backup that met the fault, with all operations until the next one began.

    Where nobody called its set application consistent, what the application holds on it is no
    loss: it is told in words.
    """
    history = trial.history
    line = round_line(history, terms, BEFORE_ALONE, number=number, scenario=scenario, status=status)
    until = done.next.history.began if done.next else math.inf
    line = replace(
        line,
        fault=what_happened(done),
        acknowledged=acknowledged_within(history, -math.inf, until),
        gap=gap_of(history, end=until),
    )
    if claimed(history) == "application":
        return line
    proof = ledger(history, BEFORE_ALONE)
    return replace(
        line,
        reached=shown_by(trial, terms).level,
        lost=0,
        phantom=0,
        torn=0,
        detail=_application_on(proof) if history.sets() else "no set was taken",
    )


def next_line(
    done: FaultRound, trial: Trial, terms: Terms, *, number: int, scenario: str, status: Status
) -> RoundLine:
    """The numbers of the backup after the fault, with the operations since it began."""
    history = trial.history
    line = round_line(history, terms, number=number, scenario=scenario, status=status)
    return replace(
        line,
        fault=what_happened(done),
        after_fault=True,
        acknowledged=acknowledged_within(history, history.began, math.inf),
        gap=gap_of(history, begin=history.began),
    )


# -- in words


def what_happened(done: FaultRound) -> str:
    """The fault of a round in words, with its instant, and the phase that it really met."""
    trial = done.faulty
    if trial is None:
        return f"{done.fault.text}, but each time too late"
    text = done.fault.text
    if done.instant is None:
        return text
    met = met_in(trial.history, done.instant)
    if done.fault.victim in ("pre", "post"):
        text += f" by {signal.Signals(done.instant.signal).name}"
    return f"{text} {met}"


def met_in(history: History, instant: Instant) -> str:
    """When a fault really came, by the record; as it was drawn where the record does not tell."""
    at = [
        f.at for f in history.faults if f.what.startswith(("kill executor", "kill caller", "fill "))
    ]
    begun = sorted(beginnings(history).items(), key=lambda item: item[1])
    before = [(phase, since) for phase, since in begun if at and since <= at[0]]
    if not before:
        return str(instant)
    phase, since = before[-1]
    return f"{(at[0] - since) * 1000:.0f} ms after {BEGINS[phase]}"


def _named(trial: Trial) -> str:
    return {
        "before": "a backup before it",
        "faulty": "that backup",
        "next": "the next backup",
    }[trial.role]


def _application_on(result: Ledger) -> str:
    """What the restored application holds, for information."""
    if result.not_started:
        return result.not_started
    parts = [
        f"{len(ids)} {what}"
        for what, ids in (
            ("lost", result.lost),
            ("phantom", result.phantom),
            ("by half", result.halved + result.doubled),
            ("missing before later ones", result.gaps),
        )
        if ids
    ]
    parts += [f"its verification: {fault}" for fault in result.faults[:1]]
    if parts:
        return f"the application on it: {', '.join(parts)}"
    if result.proof is Proof.NOT_PROVEN:
        return "the application on it starts and verifies" if result.held else "nothing is proven"
    return f"the application on it is whole ({result.held} operations)"
