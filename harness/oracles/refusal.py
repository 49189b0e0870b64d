"""What a finding of the precheck means for the run, held against the clause of the finding itself.

The row of the verdict table says it once more (FBK-02a, FBK-02b, FBK-05); here it is the word of
the file that was refused.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.history import Finding, Harm, History, ScriptName
from harness.oracles.consequences import found
from harness.oracles.instants import started_times
from harness.oracles.terms import Terms


def findings(history: History, terms: Terms) -> tuple[Finding, ...]:
    """FILE-04, FILE-06 and CFG-03 of a run that the scenario expects to be refused."""
    return tuple(_findings(history, terms))


def _findings(history: History, terms: Terms) -> Iterator[Finding]:
    refusal, outcome = terms.refusal, history.end.outcome
    # A run before may still be owed its post-script: that start is none of this run's (ROB-05).
    owed = {script.script for script in terms.scripts if script.most}
    names: tuple[ScriptName, ...] = ("pre", "post")
    ran = [which for which in names if which not in owed and started_times(history, which)]
    if refusal.no_scripts:
        yield found(
            refusal.no_scripts,
            not ran,
            "neither script runs",
            f"{' and '.join(ran)} ran" if ran else "neither ran",
        )
    if outcome is None:
        return
    if refusal.never_application:
        yield found(
            refusal.never_application,
            outcome.consistency != "application",
            "never application consistent",
            f"consistency {outcome.consistency}",
            harm=Harm.FALSE_CONSISTENCY,
        )
    # A snapshot that could not be taken says nothing of the policy.
    if refusal.goes_on and all(call.answer == 0 for call in history.snapshots):
        taken = history.sets()
        named = [disk.name for disk in terms.named_disks(history)]
        frozen = all(
            s.disks[name].frozen_before for s in taken for name in named if name in s.disks
        )
        yield found(
            refusal.goes_on,
            bool(taken) and frozen and outcome.status == "succeeded",
            "a set is taken of frozen disks, and the run succeeds, whatever the content says",
            f"status {outcome.status}, "
            + ("no set was taken" if not taken else f"a set, {'' if frozen else 'not '}frozen"),
        )
