"""RUN: when the scripts run, how often, how long, and in which surroundings."""

from __future__ import annotations

from . import words
from .model import Clause, config_readme, project, seed

_STUCK = "The application stays quiesced after the backup."
_OTHER = "A script that works from a person's hand fails in the backup."

CLAUSES: tuple[Clause, ...] = (
    seed(
        "RUN-01.pre-before-snapshot",
        "The pre-script ends before the snapshot is taken.",
        "The snapshot catches the application half quiesced: false consistency.",
        words.BEFORE_AND_AFTER,
    ),
    seed(
        "RUN-01.post-after-snapshot",
        "The post-script starts after the snapshot was taken.",
        "The application writes again while the snapshot is taken: false consistency.",
        words.BEFORE_AND_AFTER,
    ),
    project(
        "RUN-01.pre-before-freeze",
        "The pre-script ends before the first freeze.",
        "The pre-script blocks on a frozen filesystem until its timeout.",
    ),
    project(
        "RUN-01.post-after-thaw",
        "The post-script starts after the last thaw.",
        "The post-script blocks on a frozen filesystem, and the application with it.",
    ),
    seed(
        "RUN-02.success",
        "Exit status 0 of a script is success.",
        "A good backup is called bad.",
        words.PRE_FAILED,
        words.POST_FAILED,
    ),
    seed(
        "RUN-02.exit-status",
        "Any other exit status is Pre-ScriptExecutionFailed or Post-ScriptExecutionFailed.",
        "A backup is trusted as application consistent although the application was not quiesced.",
        words.PRE_FAILED,
        words.POST_FAILED,
    ),
    seed(
        "RUN-02.signal",
        "Death by a signal is a failed execution.",
        "A script that was killed half-way counts as a success: false consistency.",
        words.PRE_FAILED,
        words.POST_FAILED,
    ),
    seed(
        "RUN-02.not-executable",
        "A script that can't be executed (a missing interpreter, a noexec mount) is a failed "
        "execution.",
        "A script that never ran counts as a success, or the backup ends in a crash.",
        words.PRE_FAILED,
        words.POST_FAILED,
    ),
    seed(
        "RUN-03.retries",
        "A failing script is run again, at most as often as its NoOfRetries says.",
        "A passing trouble costs the application-consistent backup, or a broken script is run "
        "without end.",
        words.PRE_RETRIES,
        words.POST_RETRIES,
    ),
    seed(
        "RUN-03.executed",
        "Each retry really executes the script.",
        "Retries are counted but never tried.",
        words.PRE_RETRIES,
        words.POST_RETRIES,
    ),
    seed(
        "RUN-03.until-success",
        "The retries end with the first success, and the script then counts as succeeded.",
        "An application that is quiesced already is quiesced again, or a good backup is called "
        "bad.",
        words.PRE_RETRIES,
        words.POST_RETRIES,
    ),
    seed(
        "RUN-03.zero",
        "With 0 retries a script is tried once.",
        "A script that must not be repeated is run twice.",
        words.ONE_ATTEMPT,
    ),
    seed(
        "RUN-04.separate",
        "timeoutInSeconds bounds the pre-script and the post-script separately.",
        "A slow pre-script takes the time from the post-script, which then can't release the "
        "application.",
        words.EACH_TIMEOUT,
    ),
    config_readme(
        "RUN-04.all-attempts",
        "All attempts of a script share its one timeout.",
        "Retries keep the application stopped many times longer than its owner allowed.",
    ),
    project(
        "RUN-04.spent",
        "Where an attempt fails with retries left and the time is spent, the error is the timeout "
        "error, and there is no further attempt.",
        "The error sends a person to look for a fault where the time was too short.",
    ),
    seed(
        "RUN-05.error",
        "A script that runs when its time is over is Pre-ScriptTimeout or Post-ScriptTimeout.",
        "A hanging script stops all backups of the machine.",
        words.PRE_TIMED_OUT,
        words.POST_TIMED_OUT,
    ),
    project(
        "RUN-05.tree",
        "At the deadline the script's whole process tree is ended.",
        "What the script started goes on holding the application after the backup gave up.",
    ),
    project(
        "RUN-05.sigterm",
        "Also what ignores SIGTERM is ended.",
        "One trap in a script keeps the application stopped for good.",
    ),
    project(
        "RUN-05.detached",
        "Also what was double-forked or left its session is ended.",
        "A detached helper goes on holding the application's lock.",
    ),
    project(
        "RUN-05.bound",
        "All of it is gone 5 s after the deadline.",
        "The application stays stopped while the executor waits for a script that has failed.",
    ),
    project(
        "RUN-05.no-retry",
        "No retry follows a timeout.",
        "A hanging script keeps the application stopped once more for each retry.",
    ),
    project(
        "RUN-06.after-pre",
        "Once a start of the pre-script was attempted (a missing interpreter counts), the "
        "post-script is run, though the pre-script failed or timed out.",
        _STUCK,
    ),
    project(
        "RUN-06.after-freeze",
        "The post-script is run though the freeze failed.",
        _STUCK,
    ),
    project(
        "RUN-06.after-snapshot",
        "The post-script is run though the snapshot failed or hung.",
        _STUCK,
    ),
    project(
        "RUN-07.background",
        "What a script that ended with 0 left running (a session that holds a lock until the "
        "post-script) is not killed.",
        "The lock is lost before the snapshot: false consistency.",
    ),
    project(
        "RUN-07.pipes",
        "Pipes that such processes hold open do not delay the run.",
        "The backup waits for a process that waits for the end of the backup.",
    ),
    project(
        "RUN-07.failed-attempt",
        "Children of a failed attempt may be ended or left.",
        "None: both are allowed.",
        unseen="it allows both behaviours, so that nothing can break it",
    ),
    project(
        "RUN-08.no-block",
        "Output of any size, on stdout or stderr, never blocks a script.",
        "A talkative script hangs with a full pipe, and the application with it.",
    ),
    project(
        "RUN-08.tail",
        "The tail of it, 1 KiB or more of each failing attempt, is kept and shown with the error.",
        "Nobody can tell why a script failed at night.",
    ),
    seed(
        "RUN-08.logs",
        "The output of a script can be reviewed afterwards.",
        "Nobody can tell why a script failed at night.",
        words.REVIEW_LOGS,
        words.FAILURE_LOGS,
    ),
    project("RUN-09.root", "A script runs as root.", "The script can't reach its application."),
    project("RUN-09.cwd", "A script's working directory is /.", _OTHER),
    project(
        "RUN-09.stdin",
        "A script's standard input is at its end.",
        "A script that asks a question hangs the backup.",
    ),
    project(
        "RUN-09.environment",
        "A script has a small environment: PATH with the sbin folders, HOME and LANG, and nothing "
        "of the caller's.",
        "Tools below /sbin are not found, or a script behaves by whoever started the backup; "
        "secrets of the caller leak into it.",
    ),
    project(
        "RUN-09.signals",
        "A script has default signal dispositions and an empty signal mask, whatever the caller "
        "had.",
        "A script's pipelines and traps behave differently in the backup.",
    ),
    project(
        "RUN-09.umask",
        "A script's umask is 022, whatever the caller had.",
        "Files that a script writes are open to everybody, or closed to the application.",
    ),
    project(
        "RUN-09.session",
        "A script runs in a session of its own.",
        "A signal to the executor's terminal hits the script half-way.",
    ),
    project("RUN-09.shebang", "A script is run by the interpreter of its shebang.", _OTHER),
    project("RUN-09.shell", "A script without a shebang is run by /bin/sh.", _OTHER),
)
