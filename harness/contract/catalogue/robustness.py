"""ROB: concurrent, killed and repeated runs, and what they leave behind."""

from __future__ import annotations

from . import words
from .model import Clause, project, seed

_STUCK = "The application stays quiesced until a person comes."
_PILES = "What is left piles up with each backup until the machine fails."

CLAUSES: tuple[Clause, ...] = (
    project(
        "ROB-01.refused",
        "A second run while one is under way is refused: BackupInProgress, failed, none.",
        "Two backups freeze and thaw against each other: false consistency.",
    ),
    project(
        "ROB-01.bound",
        "It is refused within 5 s.",
        "Backups queue up behind one that hangs.",
    ),
    project(
        "ROB-01.undisturbed",
        "The run that is under way is not disturbed: its scripts, freeze, snapshot, status and "
        "verdict are as they would have been.",
        "A second start by mistake ruins the backup that was going well.",
    ),
    project(
        "ROB-01.waits",
        "A start right after a kill waits for what survives of the killed run, 20 s at most.",
        "The retry after a crash is refused, or runs into the recovery of the first.",
    ),
    project(
        "ROB-02.thawed",
        "An executor whose main process is killed between pre and post leaves the filesystems "
        "thawed within 10 s.",
        "The machine hangs with a frozen filesystem until somebody resets it.",
    ),
    project(
        "ROB-02.processes",
        "Within 10 s no process of a script that was still running is left.",
        "A script without a master goes on stopping the application.",
    ),
    project(
        "ROB-02.background",
        "What a successful pre-script left running on purpose lives until the post-script.",
        "The lock that the post-script is to release is gone, or its holder is orphaned.",
    ),
    project(
        "ROB-02.post",
        "The post-script is run by what survives, at the latest when the next run starts.",
        _STUCK,
    ),
    project(
        "ROB-02.before-pre",
        "It is run before the next run's pre-script.",
        "The next backup quiesces an application that is quiesced already, and can't.",
    ),
    project("ROB-03.processes", "Runs in a row leave no process behind.", _PILES),
    project(
        "ROB-03.mounts",
        "Runs in a row leave no mount and no loop device behind.",
        _PILES,
        unseen="the filter of a guest lets no executor mount, unmount or attach a loop device",
    ),
    project(
        "ROB-03.locks",
        "Runs in a row leave no held lock behind.",
        "The next backup is refused for a run that ended long ago.",
    ),
    project(
        "ROB-03.files",
        "Runs in a row leave no temporary file behind; lasting state stands in one folder of the "
        "executor's below /run, /var/lib or /var/log.",
        _PILES,
    ),
    project(
        "ROB-03.growth",
        "Lasting state does not grow from the second run on, logs aside.",
        "The disk is full after a year of backups.",
    ),
    seed(
        "ROB-04.log",
        "Every run leaves a log that can be reviewed.",
        "Nobody can tell why the backup failed at night.",
        words.REVIEW_LOGS,
    ),
    project(
        "ROB-04.form",
        "The log names each phase, attempt, exit status, duration and output tail, and for each "
        "error its message and recommended action.",
        "The log has to be understood before the failure can be.",
        reference_only=True,
    ),
    project(
        "ROB-05.post",
        "A recovery runs the interrupted run's post-script, with that run's path, parameters, "
        "retries and budget.",
        _STUCK,
    ),
    project(
        "ROB-05.judged-again",
        "The script is judged again before it is started (FILE-09).",
        "A script that was swapped since runs as root.",
    ),
    project(
        "ROB-05.error",
        "A recovery that fails is the first error of this run, in phase recover: "
        "Post-ScriptExecutionFailed, Post-ScriptTimeout or one of FILE-09's names.",
        "Nobody learns that the application may still be quiesced.",
    ),
    project(
        "ROB-05.no-scripts",
        "After a recovery that failed no script of this run is started.",
        "An application in an unknown state is quiesced once more.",
    ),
    project(
        "ROB-05.fallback",
        "The run then goes on as FBK-02a says, with the present run's policy, the defaults where "
        "there is no config.",
        "A backup claims application consistency although no script ran.",
    ),
    project(
        "ROB-05.once",
        "A recovery is tried once.",
        "One broken script makes every later backup fail.",
    ),
)
