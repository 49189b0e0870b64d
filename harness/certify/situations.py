"""Level 2: the scripts in the situations that a framework can put them in.

Without an executor: the scripts are run as RUN-09 says, while the application is under load, and
killed where an executor would kill them. After each situation the application must answer, go on,
and be as it was. No snapshot is taken and nothing is frozen.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

from harness.certify.application import Application, KitFailed, usable_config
from harness.certify.clauses import kit_finding
from harness.certify.envfile import Secrets
from harness.certify.kit import Kit
from harness.certify.lint.interpreter import interpreter_of
from harness.certify.rounds import Load
from harness.contract.config import effective_timeout
from harness.history import Finding, ScriptName
from harness.machines.guest import CommandResult, Guest
from harness.oracles.application import CLIENT_LATE

#: The situations come in parts, which do not need one another.
Part = Literal["orderly", "pre-killed", "post-killed"]
PARTS: tuple[Part, ...] = get_args(Part)

#: RUN-09: a small environment, nothing of the caller's.
_ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LANG": "C.UTF-8",
}

#: A script is killed at instants so many seconds apart, over the time that it usually takes: what
#: it did last must be met half done. Between the least and the most number of them.
_KILL_EVERY = 0.005
_LEAST_KILLS, _MOST_KILLS = 5, 16
#: At most so many for the post-script, and of what is tried besides: another signal, another script
#: after it.
_SOME, _FEW = 8, 3
#: A script that was told to end, and does not, is killed after so many seconds.
_TERMINATES = 10.0
#: So long is an application watched that is quiesced, in seconds.
_QUIET = 0.5
#: What a script leaves running has so long to close the script's output, in seconds.
_LET_GO = 0.5


@dataclass(frozen=True)
class Scripts:
    """The two scripts of a kit in one guest, run as an executor runs them."""

    guest: Guest
    pre_argv: tuple[str, ...]
    post_argv: tuple[str, ...]
    timeout: float
    secrets: Secrets

    @classmethod
    def of(cls, kit: Kit, guest: Guest) -> Scripts:
        """As the kit's config says."""
        config = usable_config(kit)
        return cls(
            guest,
            (config.pre_location, *config.pre_params),
            (config.post_location, *config.post_params),
            float(effective_timeout(config, None)[0]),
            kit.secrets,
        )

    def pre(self, killed_after: float | None = None) -> CommandResult:
        """Run the pre-script; it and all that came from it is killed after so many seconds."""
        return self._run(self.pre_argv, killed_after)

    def post(self, killed_after: float | None = None) -> CommandResult:
        """Run the post-script; killed as the pre-script is."""
        return self._run(self.post_argv, killed_after)

    def terminated(self, script: ScriptName, after: float) -> None:
        """Run a script that gets SIGTERM after so many seconds, itself and nobody else."""
        argv = self.pre_argv if script == "pre" else self.post_argv
        process = self.guest.spawn(f"{script}-script", argv, env=_ENVIRONMENT)
        if process.wait(after) is None:
            process.kill(signal.SIGTERM)
        if process.wait(_TERMINATES) is None:
            process.kill(signal.SIGKILL, tree=True)
            process.wait(_TERMINATES)

    def _run(self, argv: tuple[str, ...], killed_after: float | None) -> CommandResult:
        deadline = self.timeout if killed_after is None else killed_after
        return self.secrets.redacted(
            self.guest.run(
                argv, env=_ENVIRONMENT, deadline=deadline, limit=1 << 14, patience=_LET_GO
            )
        )


def judge_situations(
    kit: Kit, guest: Guest, load: Load | None = None, part: Part | None = None
) -> Iterator[Finding]:
    """Install and start the application, then one situation after another; a finding of each.

    `part`: only those of one part, None for all. Raises KitFailed where the application itself
    does not do what kit.toml says.
    """
    load = load or Load()
    application = Application(kit, guest)
    application.install(empty=True)
    application.start()
    application.load(load.before, load.within)
    scripts = Scripts.of(kit, guest)
    trial = _Trial(application, guest, application.state(), load)

    yield _interpreters(kit, guest)
    pre, post = scripts.pre(), scripts.post()
    yield trial.finding("KIT-2.ends", {"the pre-script": pre, "the post-script": post})
    if trial.stuck():
        return  # nothing that follows would say anything of its own
    usual = Usual(pre.ended - pre.started, post.ended - post.started)
    orderly = part in (None, "orderly")
    if orderly:
        yield _lets_go({"the pre-script": pre, "the post-script": post})
    if orderly and kit.manifest.stops_writes:
        yield _stops(trial, scripts)
    for judged in (s for name, own in _SITUATIONS.items() if part in (None, name) for s in own):
        yield judged(trial, scripts, usual)
        if trial.stuck():
            return
    application.end_load()
    if orderly and application.stop():
        yield _not_running(trial, scripts)


@dataclass(frozen=True)
class Usual:
    """How many seconds each script usually takes."""

    pre: float
    post: float


def _interpreters(kit: Kit, guest: Guest) -> Finding:
    wrong = []
    for which, file in (("pre", kit.pre), ("post", kit.post)):
        found = interpreter_of(file.content)
        if found is None:
            continue
        facts = guest.stat(found.path, follow=True)
        if facts is None:
            wrong.append(f"the {which}-script's interpreter {found.path} is not in the guest")
        elif found.sought:
            sought = guest.run(
                ["/bin/sh", "-c", 'command -v -- "$1"', "sh", found.sought], env=_ENVIRONMENT
            )
            if not sought.ok:
                wrong.append(
                    f"{found.sought}, which runs the {which}-script, is not in the guest's PATH"
                )
    return kit_finding("KIT-2.interpreter", not wrong, "; ".join(wrong) or "they are there")


def _lets_go(results: Mapping[str, CommandResult]) -> Finding:
    held = [
        f"{name} ended, and its output was still open {_LET_GO:g} s later"
        for name, result in results.items()
        if result.held
    ]
    return kit_finding("KIT-2.lets-go", not held, "; ".join(held) or "nobody has it open")


def _stops(trial: _Trial, scripts: Scripts) -> Finding:
    pre = scripts.pre()
    leaked = trial.application.wait_acknowledged(1, pre.ended + CLIENT_LATE, CLIENT_LATE + _QUIET)
    found = trial.finding("KIT-2.stops", {"the pre-script": pre, "the post-script": scripts.post()})
    if leaked:
        observed = f"an operation was acknowledged more than {CLIENT_LATE:g} s after pre's end"
        return kit_finding("KIT-2.stops", False, observed)
    quiet = f"nothing was acknowledged over {_QUIET:g} s"
    return replace(found, observed=quiet) if found.holds else found


def _repeats(trial: _Trial, scripts: Scripts, _: Usual) -> Finding:
    results = {
        "the pre-script": scripts.pre(),
        "the pre-script again": scripts.pre(),
        "the post-script": scripts.post(),
    }
    return trial.finding("KIT-2.repeats", results)


def _post_alone(trial: _Trial, scripts: Scripts, _: Usual) -> Finding:
    results = {"the post-script alone": scripts.post(), "again": scripts.post()}
    return trial.finding("KIT-2.post-alone", results)


def _killed(trial: _Trial, scripts: Scripts, usual: Usual) -> Finding:
    """SIGKILL to all of a pre-script, as at its timeout; then the post-script."""

    def undone(after: float) -> Finding:
        scripts.pre(killed_after=after)
        what = f"the post-script after a pre-script killed at {after * 1000:.0f} ms"
        return trial.finding("KIT-2.undoes", {what: scripts.post()})

    return _at_each(trial, "KIT-2.undoes", kill_instants(usual.pre), undone, "undone")


def _retried(trial: _Trial, scripts: Scripts, usual: Usual) -> Finding:
    scripts.pre(killed_after=kill_instants(usual.pre)[-1])
    results = {
        "the pre-script after a killed one": scripts.pre(),
        "the post-script": scripts.post(),
    }
    return trial.finding("KIT-2.retry", results)


def _post_again(trial: _Trial, scripts: Scripts, usual: Usual) -> Finding:
    """SIGKILL to all of a post-script; then the post-script again, as a retry or a recovery."""

    def again(after: float) -> Finding:
        scripts.pre()
        scripts.post(killed_after=after)
        what = f"the post-script after one killed at {after * 1000:.0f} ms"
        return trial.finding("KIT-2.post-again", {what: scripts.post()})

    return _at_each(trial, "KIT-2.post-again", kill_instants(usual.post, _SOME), again, "undone")


def _next_backup(trial: _Trial, scripts: Scripts, usual: Usual) -> Finding:
    """SIGKILL to all of a post-script, as at its timeout; then the next backup's scripts."""

    def follows(after: float) -> Finding:
        scripts.pre()
        scripts.post(killed_after=after)
        what = f"after a post-script killed at {after * 1000:.0f} ms"
        results = {
            f"the next pre-script {what}": scripts.pre(),
            f"the next post-script {what}": scripts.post(),
        }
        return trial.finding("KIT-2.next-backup", results)

    instants = kill_instants(usual.post, _FEW)
    return _at_each(trial, "KIT-2.next-backup", instants, follows, "followed by a good one")


def _pre_terminated(trial: _Trial, scripts: Scripts, usual: Usual) -> Finding:
    """SIGTERM to a pre-script alone, as at a shutdown; then the post-script."""

    def undone(after: float) -> Finding:
        scripts.terminated("pre", after)
        what = f"the post-script after SIGTERM to the pre-script at {after * 1000:.0f} ms"
        return trial.finding("KIT-2.terminated", {what: scripts.post()})

    instants = kill_instants(usual.pre, _FEW)
    return _at_each(trial, "KIT-2.terminated", instants, undone, "sent to the pre-script, undone")


def _post_terminated(trial: _Trial, scripts: Scripts, usual: Usual) -> Finding:
    """SIGTERM to a post-script alone; then the post-script again."""

    def undone(after: float) -> Finding:
        scripts.pre()
        scripts.terminated("post", after)
        what = f"the post-script after SIGTERM to one at {after * 1000:.0f} ms"
        return trial.finding("KIT-2.terminated", {what: scripts.post()})

    instants = kill_instants(usual.post, _FEW)
    return _at_each(trial, "KIT-2.terminated", instants, undone, "sent to the post-script, undone")


def _at_each(
    trial: _Trial,
    clause: str,
    instants: Sequence[float],
    tried: Callable[[float], Finding],
    held: str,
) -> Finding:
    """One finding over all instants; the first at which the application stays quiesced ends it."""
    wrong: list[str] = []
    for after in instants:
        found = tried(after)
        if not found.holds:
            wrong.append(found.observed)
        if trial.stuck():
            break
    last = f"{instants[-1] * 1000:.0f} ms"
    told = f"{held} at each of {len(instants)} instants up to {last}"
    return kit_finding(clause, not wrong, "; ".join(wrong) or told)


def _not_running(trial: _Trial, scripts: Scripts) -> Finding:
    application, load = trial.application, trial.load
    ended = {"the pre-script": scripts.pre(), "the post-script": scripts.post()}
    wrong = [f"{name} did not end in time" for name, result in ended.items() if result.timed_out]
    application.start()
    try:
        application.load(load.after, load.within)
    except KitFailed as failure:
        wrong.append(f"started again, {failure}")
    application.end_load()
    return kit_finding(
        "KIT-2.not-running", not wrong, "; ".join(wrong) or "both ended, and it goes on"
    )


#: The situations of each part, besides the first of all; a part needs a guest of its own.
_SITUATIONS: Mapping[Part, tuple[Callable[[_Trial, Scripts, Usual], Finding], ...]] = {
    "orderly": (_repeats, _post_alone),
    "pre-killed": (_killed, _retried, _pre_terminated),
    "post-killed": (_post_again, _next_backup, _post_terminated),
}


def kill_instants(usual: float, most: int = _MOST_KILLS) -> tuple[float, ...]:
    """Seconds after its start at which a script is killed that usually takes `usual`."""
    count = min(max(int(usual / _KILL_EVERY), _LEAST_KILLS), most)
    return tuple(usual * (number + 0.5) / count for number in range(count))


@dataclass
class _Trial:
    """Looks at an application after a situation: `state` is what it was before all of them.

    Once it did not go on after one, it is stuck, and the next ones say nothing.
    """

    application: Application
    guest: Guest
    state: str
    load: Load
    _stuck: bool = False

    def stuck(self) -> bool:
        """Whether the application was left quiesced."""
        return self._stuck

    def finding(self, clause: str, results: dict[str, CommandResult]) -> Finding:
        """Every script succeeded, and the application is as if nothing had been."""
        wrong = [f"{name} {how}" for name, result in results.items() if (how := _wrong(result))]
        after = f"after {', '.join(results)}"
        if any(map(_no_room, results.values())):
            self._stuck = True
            wrong.append("what the scripts leave running fills the guest's limit of processes")
        elif not self.application.wait_acknowledged(
            self.load.after, self.guest.now(), self.load.within
        ):
            self._stuck = True
            try:
                self.application.require_load()
            except KitFailed as failure:
                wrong.append(f"{after} {failure}")
            else:
                wrong.append(
                    f"{after} the application does not go on within {self.load.within:g} s"
                )
        elif not self.application.answers():
            wrong.append("the application does not answer")
        elif (state := self.application.state()) != self.state:
            wrong.append(f"its state differs: {difference(self.state, state)}")
        took = ", ".join(
            f"{name} succeeded in {(r.ended - r.started) * 1000:.0f} ms"
            for name, r in results.items()
        )
        return kit_finding(clause, not wrong, "; ".join(wrong) or took)


def difference(before: str, after: str) -> str:
    """The lines that are only in one of two states."""
    old, new = before.splitlines(), after.splitlines()
    gone = [f"-{line}" for line in old if line not in new]
    come = [f"+{line}" for line in new if line not in old]
    return ", ".join((gone + come)[:6]) or "the same lines in another order"


def _no_room(result: CommandResult) -> bool:
    """Whether the script could not be started because the guest can have no more processes."""
    return result.exit == 126 and result.err.startswith(b"fork:")


def _wrong(result: CommandResult) -> str:
    if result.ok:
        return ""
    how = (
        "did not end in time"
        if result.timed_out
        else f"was killed by signal {result.signal}"
        if result.exit is None
        else f"ended with {result.exit}"
    )
    said = (result.err or result.out).decode(errors="replace").strip()[-400:]
    return f"{how} ({said})" if said else how
