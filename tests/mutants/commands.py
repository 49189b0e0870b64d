"""The commands about mutants that the mutation tool makes: try them, and write the result down."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version

import click

from tests.mutants.mutations import (
    CONTRACT,
    EXECUTOR,
    Mutation,
    digests,
    mutations,
    sample,
    shard,
)
from tests.mutants.outcomes import INVALID, KILLED, SURVIVED, Outcome, State, load, save

#: The tracked sample of the executor's mutants.
SIZE, SEED = 300, 1
#: So many of the scenarios that execute a line a mutant meets alone; the others in company.
MOST = 6
#: So many survivors share an executor.
COMPANY = 12


class _Part(click.ParamType[tuple[int, int]]):
    """ "2/3": the second of three shards."""

    name = "I/N"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        if isinstance(value, tuple):
            return value
        number, _, count = str(value).partition("/")
        if not (number.isdigit() and count.isdigit() and 1 <= int(number) <= int(count)):
            self.fail("give I/N, for instance 1/2", param, ctx)
        return int(number), int(count)


_shard = click.option(
    "--shard", "part", type=_Part(), default=(1, 1), metavar="I/N", help="The I-th share of N."
)
_again = click.option("--again", is_flag=True, help="Try once more all that has survived.")


@click.command()
@_shard
@_again
def contract(part: tuple[int, int], again: bool) -> None:
    """Try every mutant of the contract by its unit tests."""
    from tests.mutants.contract import ContractTests

    state = State(CONTRACT, digests(CONTRACT))
    due = _due(state, shard(mutations(CONTRACT), part), lambda *_: again)
    if due:
        _try(state, due, ContractTests().judge)


_keyword = click.option("-k", "keyword", default="", metavar="EXPR", help="Only these scenarios.")


@click.command()
@_shard
@_keyword
def lines(part: tuple[int, int], keyword: str) -> None:
    """Record which scenario executes which lines of the executor; what is known stays."""
    from tests.mutants.executor import trace
    from tests.mutants.lines import Courses
    from tests.mutants.stage import Stage, on_stage

    def work(stage: Stage) -> None:
        courses = Courses()
        mine = stage.scenarios[part[0] - 1 :: part[1]]
        due = [scenario for scenario in mine if scenario not in courses]
        click.echo(f"{len(mine)} scenarios, {len(due)} to be traced")
        for failed in trace(stage, courses, due):
            click.echo(f"not passed while traced, so left out: {failed}")

    on_stage(work, keyword)


@click.command()
@click.option("--sample", "size", type=click.IntRange(1), default=SIZE, show_default=True)
@click.option("--seed", type=int, default=SEED, show_default=True)
@click.option(
    "--most",
    type=click.IntRange(1),
    default=MOST,
    show_default=True,
    help="Scenarios that a mutant meets alone.",
)
@click.option("--unexplained", is_flag=True, help="Of the survivors only those without a reason.")
@_shard
@_again
@_keyword
def executor(
    size: int,
    seed: int,
    most: int,
    part: tuple[int, int],
    again: bool,
    unexplained: bool,
    keyword: str,
) -> None:
    """Try a sample of the executor's mutants by the scenarios that execute their lines."""
    from tests.mutants.executor import Scenarios
    from tests.mutants.lines import Courses, covered_mutations, executing
    from tests.mutants.report import judged
    from tests.mutants.stage import Stage, on_stage

    def work(stage: Stage) -> None:
        courses = [course for course in Courses() if course.scenario in stage.scenarios]
        untold = len(stage.scenarios) - len(courses)
        if untold:
            click.echo(f"{untold} scenarios are not traced and stay out: `lines` traces them")
        covered = covered_mutations(courses)
        chosen = _drawn(covered, size, seed)
        click.echo(f"{len(covered)} of the executor's mutants are executed by a scenario")
        state = State(EXECUTOR, digests(EXECUTOR))
        why = judged()

        def once_more(outcome: Outcome, mutation: Mutation) -> bool:
            if unexplained and mutation.id in why:
                return False
            return again or outcome.tried < min(most, len(executing(mutation, courses)))

        due = _due(state, shard(chosen, part), once_more)
        _try(state, due, Scenarios(stage, courses, most).judge)

    on_stage(work, keyword)


@click.command()
@click.option(
    "--size",
    type=click.IntRange(1),
    default=COMPANY,
    show_default=True,
    help="Mutants in one executor.",
)
@click.option("--explained", is_flag=True, help="Also the survivors that have a reason.")
@_shard
def company(size: int, explained: bool, part: tuple[int, int]) -> None:
    """Try survivors of the executor, several in one, by all scenarios that execute them."""
    from tests.mutants.company import companies, judge_together
    from tests.mutants.executor import Scenarios
    from tests.mutants.lines import Courses, executing
    from tests.mutants.report import judged
    from tests.mutants.stage import Stage, on_stage

    def work(stage: Stage) -> None:
        courses = [course for course in Courses() if course.scenario in stage.scenarios]
        state, why = State(EXECUTOR, digests(EXECUTOR)), judged()
        alive = {
            m.id: (m, outcome)
            for m in mutations(EXECUTOR)
            if (outcome := state.get(m)) is not None and outcome.status == SURVIVED
            if (explained or m.id not in why) and outcome.tried < len(executing(m, courses))
        }
        groups = companies([m for m, _ in alive.values()], size)[part[0] - 1 :: part[1]]
        click.echo(f"{sum(map(len, groups))} survivors in {len(groups)} executors")
        for group in groups:
            known = [alive[mutation.id] for mutation in group]
            for outcome in judge_together(Scenarios(stage, courses, 0), courses, known):
                state.add(outcome)
                click.echo(f"{outcome.status} {outcome.id} {outcome.after} {outcome.by}")

    on_stage(work)


@click.command()
@click.option("--sample", "size", type=click.IntRange(1), default=SIZE, show_default=True)
@click.option("--seed", type=int, default=SEED, show_default=True)
def report(size: int, seed: int) -> None:
    """Write the tracked results and SURVIVORS.md; exit status 1 where something is missing."""
    from tests.mutants import report as told

    missing = _save_contract() + _save_executor(size, seed)
    results, why = told.tracked(), told.tracked_reasons()
    told.PAGE.write_text(told.page(results, why), encoding="utf-8")
    wrong = [*missing, *told.complaints(results, why)]
    for sentence in wrong:
        click.echo(sentence)
    for each in results:
        click.echo(f"{each.room}: {len(each.outcomes)} mutants, {len(each.survivors)} survived")
    sys.exit(1 if wrong else 0)


def _drawn(covered: Sequence[Mutation], size: int, seed: int) -> list[Mutation]:
    """The sample, and what was drawn before: new scenarios execute more, and would push some out
    that are known, with their reasons."""
    tracked = {record["id"] for record in load(EXECUTOR).get("mutants", ())}
    drawn = {mutation.id for mutation in sample(covered, size, seed)}
    kept = [mutation for mutation in covered if mutation.id in tracked | drawn]
    return sample(kept, len(kept), seed)


def _save_contract() -> list[str]:
    chosen = mutations(CONTRACT)
    return _save(CONTRACT, {"tool": _tool(), "mutants": len(chosen)}, chosen)


def _save_executor(size: int, seed: int) -> list[str]:
    """A sample is drawn from what scenarios execute: without their lines the tracked one stays."""
    from tests.mutants.lines import Courses, covered_mutations

    everything, courses = mutations(EXECUTOR), list(Courses())
    before = load(EXECUTOR)
    if courses:
        covered = covered_mutations(courses)
        chosen = _drawn(covered, size, seed)
        about = {
            "tool": _tool(),
            "mutants": len(everything),
            "covered": len(covered),
            "scenarios": len(courses),
            "sampled": len(chosen),
            "seed": seed,
        }
    else:
        drawn = {record["id"] for record in before.get("mutants", ())}
        chosen = [mutation for mutation in everything if mutation.id in drawn]
        about = dict(before.get("about", {}))
    return _save(EXECUTOR, about, chosen)


def _save(room: str, about: Mapping[str, object], chosen: Sequence[Mutation]) -> list[str]:
    """Write what is known of these; a sentence for each of which nothing is."""
    now = digests(room)
    state = State(room, now)
    known = {mutation.id: state.get(mutation) for mutation in chosen}
    save(room, about, now, [outcome for outcome in known.values() if outcome is not None])
    return [f"{identity} was not tried" for identity, outcome in known.items() if outcome is None]


def _tool() -> str:
    return f"cosmic-ray {version('cosmic-ray')}"


def _due(
    state: State, chosen: Sequence[Mutation], once_more: Callable[[Outcome, Mutation], bool]
) -> list[Mutation]:
    """Those without an outcome for the code as it is, and survivors that deserve another try."""
    due = []
    for mutation in chosen:
        outcome = state.get(mutation)
        if outcome is None or (outcome.status == SURVIVED and once_more(outcome, mutation)):
            due.append(mutation)
    click.echo(f"{len(chosen)} mutants, {len(due)} to be tried")
    return due


def _try(state: State, due: Sequence[Mutation], judge: Callable[[Mutation], Outcome]) -> None:
    """Try each, keep what became of it, and say so."""
    began = time.monotonic()
    told = dict.fromkeys((KILLED, SURVIVED, INVALID), 0)
    for number, mutation in enumerate(due, 1):
        outcome = judge(mutation)
        state.add(outcome)
        told[outcome.status] += 1
        if outcome.status == SURVIVED:
            click.echo(f"survived {outcome.id} {mutation.scope}:{outcome.line} {outcome.after}")
        if number % 25 == 0 or number == len(due):
            counts = ", ".join(f"{count} {word}" for word, count in told.items())
            click.echo(f"{number} of {len(due)}: {counts} ({time.monotonic() - began:.0f} s)")


COMMANDS = (contract, lines, executor, company, report)
