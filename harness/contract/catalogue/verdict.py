"""FBK: what the run is worth after all that happened."""

from __future__ import annotations

from . import words
from .model import CONFIG_README, Clause, Quote, project, seed

_FALSE = "A backup is trusted as better than it is, and that is found out at the restore."
_NONE = "A person who asked for a weaker backup rather than none gets none."
_WEAKER = "A person who asked for no weaker backup gets one and is not told."
_STUCK = "The application stays quiesced after the backup."


def _with_readme(clause: Clause) -> Clause:
    """The same clause, which the config read-me states too."""
    quotes = (*clause.quotes, Quote("", CONFIG_README))
    return Clause(clause.id, clause.text, clause.consequence, clause.basis, quotes)


CLAUSES: tuple[Clause, ...] = (
    seed(
        "FBK-01.status",
        "Both scripts succeed and the snapshot is taken: the run has succeeded.",
        "A good backup is called bad.",
        words.TRIGGERS,
    ),
    seed(
        "FBK-01.level",
        "It is application consistent, with the freeze and without it.",
        "A good backup is called weaker than it is.",
        words.TRIGGERS,
    ),
    _with_readme(
        seed(
            "FBK-02a.status",
            "A script is not found: succeeded where continueBackupOnFailure is true, failed where "
            "it is false.",
            f"{_NONE} Or: {_WEAKER}",
            words.FALL_BACK,
            words.FAILS,
        )
    ),
    _with_readme(
        seed(
            "FBK-02a.level",
            "The fallback is file-system consistent, crash consistent where fsFreezeEnabled is "
            "false; a failed run has none.",
            _FALSE,
            words.FALL_BACK,
        )
    ),
    seed(
        "FBK-02a.no-scripts",
        "Where a script is not found, none runs.",
        _STUCK,
        words.NOT_RUN,
    ),
    project(
        "FBK-02a.no-snapshot",
        "A run that fails because a script is not found takes no snapshot.",
        "Sets that nobody wants pile up.",
    ),
    seed(
        "FBK-02b.never-application",
        "After a permission finding the backup is never application consistent.",
        _FALSE,
        words.NOT_RUN,
    ),
    seed("FBK-02b.no-scripts", "After a permission finding no script runs.", _STUCK, words.NOT_RUN),
    project(
        "FBK-02b.status",
        "A permission finding: succeeded where continueBackupOnFailure is true, failed where it is "
        "false. Outside the rule set `strict` a fallback is accepted for false too, because the "
        "note on permissions names no setting.",
        _WEAKER,
    ),
    project(
        "FBK-02b.level",
        "The fallback is file-system consistent, crash consistent where fsFreezeEnabled is false; "
        "a failed run has none.",
        _FALSE,
    ),
    project(
        "FBK-02b.no-snapshot",
        "A run that fails because of a permission finding takes no snapshot.",
        "Sets that nobody wants pile up.",
    ),
    seed(
        "FBK-03.status",
        "The pre-script fails or times out: succeeded where continueBackupOnFailure is true, "
        "failed where it is false.",
        f"{_NONE} Or: {_WEAKER}",
        words.FALL_BACK,
        words.FAILS,
    ),
    seed(
        "FBK-03.level",
        "The fallback is file-system consistent, crash consistent where fsFreezeEnabled is false; "
        "a failed run has none.",
        _FALSE,
        words.FALL_BACK,
        words.PRE_FAILED,
    ),
    project(
        "FBK-03.post-runs",
        "The post-script runs, with either value of continueBackupOnFailure.",
        _STUCK,
    ),
    project(
        "FBK-03.no-snapshot",
        "A run that fails because of the pre-script takes no snapshot and freezes nothing.",
        "Writers are blocked for a backup that has failed already.",
    ),
    seed(
        "FBK-04.status",
        "The post-script fails or times out: succeeded where continueBackupOnFailure is true, "
        "failed where it is false.",
        f"{_NONE} Or: {_WEAKER}",
        words.FALL_BACK,
        words.FAILS,
    ),
    seed(
        "FBK-04.level",
        "The backup is then file-system consistent, crash consistent where fsFreezeEnabled is "
        "false; a failed run has none.",
        _FALSE,
        words.FALL_BACK,
        words.POST_FAILED,
    ),
    project(
        "FBK-04.discard",
        "The set of a failed run is discarded by the host; the executor may ask for it.",
        "None: the executor may leave it to the host.",
        unseen="the host discards it whether the executor asks or not",
    ),
    seed(
        "FBK-05.never-application",
        "After a config finding or a plugin-host finding the backup is never application "
        "consistent.",
        _FALSE,
        words.CONFIG_INCORRECT,
        words.PLUGIN_HOST_CORRUPT,
    ),
    seed(
        "FBK-05.no-scripts",
        "After a config finding or a plugin-host finding no script runs.",
        _STUCK,
        words.CONFIG_INCORRECT,
        words.PLUGIN_HOST_CORRUPT,
    ),
    project(
        "FBK-05.status",
        "Such a run succeeds, whatever continueBackupOnFailure in a config that can't be trusted "
        "seems to say.",
        "A typing error in the config costs the whole backup.",
    ),
    project(
        "FBK-05.level",
        "Such a backup is file-system consistent, whatever fsFreezeEnabled in a config that can't "
        "be trusted seems to say.",
        "The backup is a level weaker because of a typing error.",
    ),
    project(
        "FBK-06.status",
        "The freeze fails, the scripts are fine: succeeded where continueBackupOnFailure is true "
        "(and where no script is configured), failed where it is false.",
        f"{_NONE} Or: {_WEAKER}",
    ),
    project("FBK-06.level", "The backup is then crash consistent; a failed run has none.", _FALSE),
    project(
        "FBK-06.no-snapshot",
        "A run that fails because of the freeze takes no snapshot.",
        "Sets that nobody wants pile up.",
    ),
    project("FBK-06.post-runs", "The post-script runs.", _STUCK),
    seed(
        "FBK-07.level",
        "The level that is claimed is never above the level that the snapshot set shows when it is "
        "examined.",
        _FALSE,
        words.FSFREEZE,
        words.BOOTS,
    ),
    seed(
        "FBK-08.script-finding",
        "A single-disk guest, where any other would have failed because of a script finding: "
        "succeeded, crash consistent.",
        "A small machine, the commonest of all, has no backup because of a script.",
        words.SINGLE_DISK,
    ),
    project(
        "FBK-08.freeze-failure",
        "The same where any other guest would have failed because of a freeze failure.",
        "A small machine has no backup because of a freeze.",
    ),
    project(
        "FBK-08.no-freeze",
        "Where the script finding comes before the freeze, none is attempted.",
        "Writers are blocked for a backup that is crash consistent anyway.",
    ),
    seed(
        "FBK-08.either",
        "With continueBackupOnFailure true file-system and crash are both accepted after a script "
        "finding, because the seed says that the setting does not matter; the reference tells what "
        "it froze.",
        _FALSE,
        words.SINGLE_DISK,
    ),
)
