"""What certification asks of a kit beyond the contract, by clause: that it works, levels 1, 2, 4.

APP-01, FBK-07 and all that is said of executors stand in the contract's catalogue; these clauses
are of certification's own, and always bind.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from harness.history import Finding, Harm
from harness.results.record import CheckLine, Status, check_of

#: The basis that results show for these clauses.
BASIS = "project"


@dataclass(frozen=True)
class KitClause:
    """One thing that a kit must do, and what it means for a user where it does not.

    `script` is the one to look at where it does not hold, "" where that may be either.
    """

    id: str
    text: str
    consequence: str
    harm: Harm = Harm.CONTRACT
    script: Literal["", "pre", "post"] = ""


_ALL = (
    KitClause(
        "KIT-0.application",
        "The application starts, answers, works and stops by the commands of kit.toml.",
        "Nothing can be said of its backups.",
    ),
    KitClause(
        "KIT-1.config",
        "The config can be used as it is installed: its content and its mode.",
        "Executors refuse it and run no script: no backup is application consistent.",
        Harm.SILENT_DOWNGRADE,
    ),
    KitClause(
        "KIT-1.scripts",
        "The scripts can be started as they are installed: mode, owner, folders, encoding, line "
        "endings, interpreter.",
        "No script runs, or none succeeds: no backup is application consistent.",
        Harm.SILENT_DOWNGRADE,
    ),
    KitClause(
        "KIT-1.shellcheck",
        "ShellCheck finds no error in the shell scripts.",
        "A script that breaks at a syntax error may leave the application half quiesced.",
    ),
    KitClause(
        "KIT-1.path",
        "Commands of the scripts are found in the PATH that executors give them, or that they set.",
        "A command that is found in a login shell only is missing in each backup.",
        Harm.SILENT_DOWNGRADE,
    ),
    KitClause(
        "KIT-1.secrets",
        "No password or key is on a command line or written into the kit's scripts.",
        "Every user of the machine can read it in the list of processes.",
        Harm.SECURITY,
    ),
    KitClause(
        "KIT-1.undoes",
        "What freezes or locks is undone on every way out of the script that did it.",
        "A script that ends before its time leaves the application, or the disk, frozen.",
        Harm.LEFT_BEHIND,
    ),
    KitClause(
        "KIT-2.interpreter",
        "The interpreters that the scripts name are in the guest.",
        "The scripts are not started at all: no backup is application consistent.",
        Harm.SILENT_DOWNGRADE,
    ),
    KitClause(
        "KIT-2.ends",
        "Each script, run as an executor runs it, succeeds within timeoutInSeconds.",
        "The backup falls back, or fails, each time.",
        Harm.SILENT_DOWNGRADE,
    ),
    KitClause(
        "KIT-2.lets-go",
        "What the scripts leave running has closed their output.",
        "An executor that reads a script's output to its end waits until that session is over: the "
        "backup hangs, with the application quiesced.",
        Harm.SILENT_DOWNGRADE,
    ),
    KitClause(
        "KIT-2.stops",
        "Where the kit declares that it stops writes, nothing is acknowledged between the scripts.",
        "The script only pretends to quiesce the application: false consistency.",
        Harm.FALSE_CONSISTENCY,
        script="pre",
    ),
    KitClause(
        "KIT-2.repeats",
        "The pre-script run again, as a retry or by the next run, succeeds, and one post-script "
        "undoes it all.",
        "A retry fails, or leaves the application quiesced.",
        Harm.LEFT_BEHIND,
        script="pre",
    ),
    KitClause(
        "KIT-2.post-alone",
        "The post-script without a pre-script before it, or run again, succeeds and changes "
        "nothing.",
        "A recovery after a crash fails, or breaks what it should mend.",
        Harm.LEFT_BEHIND,
        script="post",
    ),
    KitClause(
        "KIT-2.undoes",
        "After a pre-script that was killed at some instant, as at a timeout, the post-script "
        "succeeds and the application goes on, with its state as before.",
        "A timeout leaves the application quiesced: an outage that a backup caused.",
        Harm.LEFT_BEHIND,
        script="post",
    ),
    KitClause(
        "KIT-2.retry",
        "After a pre-script that was killed at some instant, the next pre-script succeeds.",
        "Retries never help: the backup falls back each time that something is slow.",
        Harm.SILENT_DOWNGRADE,
        script="pre",
    ),
    KitClause(
        "KIT-2.not-running",
        "With the application stopped both scripts end in time, and once started it goes on.",
        "A backup of a stopped machine hangs, or the application comes up quiesced.",
        Harm.LEFT_BEHIND,
    ),
    KitClause(
        "KIT-2.post-again",
        "After a post-script that was killed at some instant, the post-script run again succeeds "
        "and the application goes on, with its state as before.",
        "A retry or a recovery fails: the application stays quiesced, or good backups count for "
        "less.",
        Harm.LEFT_BEHIND,
    ),
    KitClause(
        "KIT-2.next-backup",
        "After a post-script that was killed at some instant, as at a timeout, the next "
        "pre-script and the next post-script succeed and the application goes on.",
        "One post-script that timed out spoils every backup after it.",
        Harm.LEFT_BEHIND,
    ),
    KitClause(
        "KIT-2.terminated",
        "After a script that got SIGTERM at some instant, as at a shutdown, the post-script "
        "succeeds and the application goes on, with its state as before.",
        "A shutdown of the backup's service leaves the application quiesced.",
        Harm.LEFT_BEHIND,
    ),
    KitClause(
        "KIT-4.comes-back",
        "Once the post-script was run, the application answers, goes on and has its state as "
        "before, whatever the backup met.",
        "A backup that goes wrong stops the application: an outage that lasts.",
        Harm.LEFT_BEHIND,
    ),
    KitClause(
        "KIT-4.true-sets",
        "No snapshot set, that of the faulty run included, shows less than was claimed for it.",
        "A restore after a bad night is worse than its backup said: false consistency.",
        Harm.FALSE_CONSISTENCY,
    ),
    KitClause(
        "KIT-4.next-clean",
        "The next backup after a fault is application consistent again, and proven.",
        "One fault spoils the backups that come after it, until somebody mends it by hand.",
        Harm.SILENT_DOWNGRADE,
    ),
)

CLAUSES: Mapping[str, KitClause] = {clause.id: clause for clause in _ALL}

#: Their rules, with what each is about.
TITLES: Mapping[str, str] = {
    "KIT-0": "The application works by the commands of kit.toml",
    "KIT-1": "Level 1: the files, looked at without running them",
    "KIT-2": "Level 2: the scripts in every situation",
    "KIT-4": "Level 4: backups under faults",
}


def clauses_of(rule: str) -> tuple[KitClause, ...]:
    """The clauses of one of these rules, in their order."""
    return tuple(clause for clause in _ALL if clause.id.startswith(f"{rule}."))


def kit_finding(clause: str, holds: bool, observed: str) -> Finding:
    """A finding of a clause above, with its words and its harm."""
    entry = CLAUSES[clause]
    return Finding(clause, holds, entry.text, observed, entry.harm, entry.consequence)


def kit_line(
    finding: Finding,
    scenario: str,
    *,
    warned: bool = False,
    filesystem: str = "",
    shape: str = "",
    file: str = "",
    at: int = 0,
) -> CheckLine:
    """The line of such a finding; `warned`: it is shown, but does not fail the kit."""
    status: Status = "passed" if finding.holds else "warned" if warned else "failed"
    line = check_of(
        finding,
        status=status,
        basis=BASIS,
        scenario=scenario,
        filesystem=filesystem,
        shape=shape,
    )
    return replace(line, file=file, at=at)
