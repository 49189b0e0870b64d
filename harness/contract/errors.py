"""The error names of the contract, each with what it means and what a person does about it.

The ten documented names are spelt exactly as the article spells them; messages and actions say
the same in words of this project. Three further names are its own, where the article has none.
"""

from __future__ import annotations

from enum import Enum
from typing import Mapping, NamedTuple, Tuple


class ErrorName(str, Enum):
    """A name that may stand in `errors` of an outcome; the value is the spelling that counts."""

    PRE_EXECUTION_FAILED = "Pre-ScriptExecutionFailed"
    POST_EXECUTION_FAILED = "Post-ScriptExecutionFailed"
    PRE_NOT_FOUND = "Pre-ScriptNotFound"
    POST_NOT_FOUND = "Post-ScriptNotFound"
    INCORRECT_PLUGIN_HOST = "IncorrectPluginhostFile"
    INCORRECT_CONFIG = "IncorrectJSONConfigFile"
    PRE_PERMISSION = "InsufficientPermissionforPre-Script"
    POST_PERMISSION = "InsufficientPermissionforPost-Script"
    PRE_TIMEOUT = "Pre-ScriptTimeout"
    POST_TIMEOUT = "Post-ScriptTimeout"
    FREEZE_FAILED = "FsFreezeFailed"
    SNAPSHOT_FAILED = "SnapshotFailed"
    BACKUP_IN_PROGRESS = "BackupInProgress"

    def __str__(self) -> str:
        return self.value


class ErrorText(NamedTuple):
    """What an error means (`message`) and what to do next (`action`), for a person.

    `documented` is False for the three names of this project. `rules` are the ids of the rules
    that give rise to it.
    """

    name: ErrorName
    message: str
    action: str
    documented: bool
    rules: Tuple[str, ...]


_CONFIG = "/etc/azure/VMSnapshotScriptPluginConfig.json"
_PLUGIN_HOST = "/etc/azure/VMSnapshotPluginHost.conf"


def _permission(name: ErrorName, which: str) -> ErrorText:
    return ErrorText(
        name,
        f"The {which}-script may not be run: it must belong to root with mode 700, so that only "
        "root can read, write and execute it, and nobody else may be able to replace it.",
        f"Make root the owner of the {which}-script and give it mode 700 (chown root, chmod 700); "
        "no directory on its path may be writable by anybody but root.",
        True,
        ("FILE-04", "FILE-08", "FILE-09"),
    )


def _timeout(name: ErrorName, which: str) -> ErrorText:
    return ErrorText(
        name,
        f"The {which}-script, all its attempts together, did not end within its timeout and was "
        "stopped.",
        f"Find out what the {which}-script waits for; if it needs the time, raise "
        f"timeoutInSeconds in {_CONFIG}.",
        True,
        ("RUN-04", "RUN-05"),
    )


def _not_found(name: ErrorName, which: str) -> ErrorText:
    return ErrorText(
        name,
        f"There is no {which}-script at the location that the config file names.",
        f"Put the {which}-script at the path that {which}ScriptLocation in {_CONFIG} names, or "
        "correct that path; without it there is no application-consistent backup.",
        True,
        ("FILE-05", "FILE-09"),
    )


_TEXTS = (
    ErrorText(
        ErrorName.PRE_EXECUTION_FAILED,
        "The pre-script reported an error, so the backup may not be application consistent.",
        "Read the output that the pre-script left in the log, mend what it complains about and run "
        "the script by hand until it exits with 0.",
        True,
        ("RUN-02", "RUN-03"),
    ),
    ErrorText(
        ErrorName.POST_EXECUTION_FAILED,
        "The post-script reported an error; the application may still be in the state that the "
        "pre-script put it into.",
        "Read the output that the post-script left in the log, mend its cause, and check that the "
        "application works again.",
        True,
        ("RUN-02", "RUN-03", "ROB-05"),
    ),
    _not_found(ErrorName.PRE_NOT_FOUND, "pre"),
    _not_found(ErrorName.POST_NOT_FOUND, "post"),
    ErrorText(
        ErrorName.INCORRECT_PLUGIN_HOST,
        "The plugin-host file is damaged, so neither script can be run and the backup is not "
        "application consistent.",
        f"Remove {_PLUGIN_HOST}, so that the copy that comes with the backup agent is used again, "
        "or reinstall the agent; then back up once more.",
        True,
        ("FILE-06",),
    ),
    ErrorText(
        ErrorName.INCORRECT_CONFIG,
        f"{_CONFIG} is not usable, so neither script can be run and the backup is not application "
        "consistent.",
        "Start again from a fresh copy of the template, fill it in, and make it root's with "
        "mode 600.",
        True,
        ("FILE-02", "FILE-03", "FILE-08", "CFG-03"),
    ),
    _permission(ErrorName.PRE_PERMISSION, "pre"),
    _permission(ErrorName.POST_PERMISSION, "post"),
    _timeout(ErrorName.PRE_TIMEOUT, "pre"),
    _timeout(ErrorName.POST_TIMEOUT, "post"),
    ErrorText(
        ErrorName.FREEZE_FAILED,
        "Not every filesystem was frozen while the snapshot was taken, so the backup is at most "
        "crash consistent.",
        "See in the log which filesystem could not be frozen, or was thawed too early, and what "
        "else on this machine freezes it; set fsFreezeEnabled to false if it can't be frozen.",
        False,
        ("FRZ-04", "FRZ-06", "FRZ-07"),
    ),
    ErrorText(
        ErrorName.SNAPSHOT_FAILED,
        "The snapshot failed or did not end in time; there is no backup of this run.",
        "See in the log what the snapshot command said, and start the backup again.",
        False,
        ("SNP-02",),
    ),
    ErrorText(
        ErrorName.BACKUP_IN_PROGRESS,
        "Another backup of this machine is under way, so this one was refused.",
        "Wait for the backup that is under way to end, and start this one again.",
        False,
        ("ROB-01",),
    ),
)

#: Every error name, by its spelling, with its message and recommended action.
ERRORS: Mapping[str, ErrorText] = {text.name.value: text for text in _TEXTS}

#: The spellings of the ten documented names, in the article's order.
DOCUMENTED: Tuple[str, ...] = tuple(t.name.value for t in _TEXTS if t.documented)


def for_script(which: str, kind: str) -> ErrorName:
    """The name for `which` ("pre" | "post") and `kind`.

    `kind` is "execution-failed", "not-found", "permission" or "timeout"; anything else is a
    KeyError.
    """
    return _BY_SCRIPT[(which, kind)]


_BY_SCRIPT = {
    ("pre", "execution-failed"): ErrorName.PRE_EXECUTION_FAILED,
    ("post", "execution-failed"): ErrorName.POST_EXECUTION_FAILED,
    ("pre", "not-found"): ErrorName.PRE_NOT_FOUND,
    ("post", "not-found"): ErrorName.POST_NOT_FOUND,
    ("pre", "permission"): ErrorName.PRE_PERMISSION,
    ("post", "permission"): ErrorName.POST_PERMISSION,
    ("pre", "timeout"): ErrorName.PRE_TIMEOUT,
    ("post", "timeout"): ErrorName.POST_TIMEOUT,
}
