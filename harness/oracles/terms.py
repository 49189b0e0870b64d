"""What the contract demands of one run: the situation in the oracles' words.

A scenario knows what it set up; an oracle must not guess it. Everything that an oracle compares
an observation with stands here or in `harness.history.Expected`, as data.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harness.history import Disk, History, ScriptName

#: FRZ-03's bound in seconds, where a scenario does not shorten it.
FREEZE_BOUND = 60.0

#: Filesystems that FRZ-01 names; ext2 is never frozen.
FREEZABLE = ("ext3", "ext4", "xfs", "btrfs")

#: Where the snapshot command stands, and what a scenario puts in its place.
COMMANDS = "/run/snapcert/bin/"


@dataclass(frozen=True)
class ScriptTerms:
    """What is due of one script.

    `paths` are the ways in which its own path may show in its argument vector (as configured, and
    resolved); `arguments` are those that the config gives. It must be started at least `least`
    times and at most `most` times; `attempts` is the clause that this count is held against.
    `run` are further clauses that say that it is really run so often. `succeeds` are those that say
    that it succeeded, so that no error may name it. `budget` is its timeout in seconds, and
    `times_out` says that the script never ends by itself.
    """

    script: ScriptName
    paths: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    least: int = 1
    most: int = 1
    attempts: str = "RUN-03.zero"
    run: tuple[str, ...] = ()
    succeeds: tuple[str, ...] = ()
    budget: float | None = None
    times_out: bool = False


@dataclass(frozen=True)
class Due:
    """A mark that must be there, or must not, with the clause that says so.

    For what only a fixture script can see: `point` is a word of its own, such as "alive". One that
    must be there comes in time: within its script's budget, of a pre-script before the snapshot;
    one of what the script left running (`left`) comes when it comes.
    """

    clause: str
    script: str
    point: str
    there: bool = True
    expected: str = ""
    left: bool = False


@dataclass(frozen=True)
class Refusal:
    """The clauses by which a file that is refused bears on the run; "" where it has none.

    `no_scripts`: neither script runs. `never_application`: the backup is not application
    consistent. `goes_on`: its policy is not trusted, so the disks are frozen and the run succeeds.
    """

    no_scripts: str = ""
    never_application: str = ""
    goes_on: str = ""


@dataclass(frozen=True)
class FreezeTrouble:
    """The freeze does not go well: it "fails", or somebody else has "thawed" before its time.

    `fails_run`: the policy makes the run fail for that.
    """

    kind: Literal["fails", "thawed"]
    fails_run: bool


@dataclass(frozen=True)
class Terms:
    """What the contract demands of one run, besides the verdict.

    `row` is the rule of the verdict's row ("FBK-03"), whose clauses .status and .level the
    claim is held against; `status` and `level` are those clauses where the rule has them by
    other names ("FBK-08.script-finding", "SNP-02.verdict"); `named` is the clause of the
    primary error's name ("" where the row has none), `counted` one that says that what happened
    counts as this row. `freezes`: the filesystems are frozen, are
    not, or (None) both are accepted. `calls` is how often the snapshot command is called, None
    where the contract leaves it open (a killed executor), held against `calls_clause`, "" for
    the row's own or SNP-01's. `freezable` names the disks that FRZ-01 names, None for all that
    are writable and of a kind that can be frozen; `foreign` those that the scenario itself
    froze or thawed; `freeze_trouble` says what goes wrong with the
    freeze. `bound` is FRZ-03's, in seconds, `shortest_bound` a shorter one that the executor was
    given and may heed. `foreign_names` are environment variables
    of the executor's own caller. `background` are words of the argument vectors of processes
    that a script may leave (RUN-07), `may_change` folders ("/data/") in which files come and go
    beside the executor's doings. `refusal`: where a file is refused, the clauses by which that
    bears on the run. `tails` are, for each failing attempt, words of the last KiB of its output
    (RUN-08). `ends_within` bounds the executor's whole run in seconds, held against `ends_clause`.
    `unfrozen` is the clause of a freeze where none may be, "" where no clause forbids it. `told` is
    False where the executor can't leave an outcome: its folder is full, or not there.
    """

    row: str = "FBK-01"
    status: str = ""
    level: str = ""
    named: str = ""
    counted: str = ""
    freezes: bool | None = True
    scripts: tuple[ScriptTerms, ...] = (ScriptTerms("pre"), ScriptTerms("post"))
    calls: int | None = 1
    calls_clause: str = ""
    freezable: tuple[str, ...] | None = None
    foreign: tuple[str, ...] = ()
    freeze_trouble: FreezeTrouble | None = None
    bound: float = FREEZE_BOUND
    shortest_bound: float = FREEZE_BOUND
    foreign_names: tuple[str, ...] = ()
    background: tuple[str, ...] = ()
    may_change: tuple[str, ...] = ()
    due: tuple[Due, ...] = ()
    refusal: Refusal = Refusal()
    tails: tuple[tuple[str, ...], ...] = ()
    ends_within: float | None = None
    ends_clause: str = "ROB-01.bound"
    unfrozen: str = "FRZ-02.none"
    told: bool = True

    @property
    def scripts_may_run(self) -> bool:
        """Whether the run starts scripts of its own; a post-script that it recovers is none."""
        return any(script.script == "pre" and script.most > 0 for script in self.scripts)

    def named_disks(self, history: History) -> tuple[Disk, ...]:
        """The disks that FRZ-01 wants frozen in this guest."""
        if self.freezable is not None:
            return tuple(d for d in history.disks if d.name in self.freezable)
        return tuple(
            d
            for d in history.disks
            if not d.read_only and not d.foreign and d.filesystem in FREEZABLE
        )
