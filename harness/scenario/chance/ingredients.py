"""What a run may meet, as data: one table for each field of `Circumstances`.

An entry that the contract alone speaks of, and no source, names the clauses that it rests on: an
executor that breaks one of them behaves otherwise altogether, so it is drawn only where they bind.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from harness.contract.errors import ErrorName
from harness.scenario.chance.circumstances import (
    Behaviour,
    Change,
    Config,
    Content,
    FileFault,
    Meddling,
    Place,
    PluginHost,
)

PLACES = (
    Place("two-disks", "two disks, one mounted in the other"),
    Place("four-disks", "four disks, three of them nested", data=False),
    Place("root-and-data", "a root disk and a data disk", data=False),
    Place("log-disk", "a root disk and a disk for the logs", data=False),
    Place("read-only", "one disk, mounted read-only", data=False, rests_on=("FRZ-01.nothing",)),
    Place("single-disk", "a single disk, with the root filesystem", data=False, single_disk=True),
)


#: The retries that are drawn are two at most: what happens in turn is named three times.
_IN_TURN = 3


def _dies(signal: str) -> Behaviour:
    return Behaviour(f"dies by SIG{signal}", "die-in-turn", (signal,) * _IN_TURN, None, "signal")


def _exits(status: int) -> Behaviour:
    return Behaviour(f"exits with {status}", "exit-in-turn", (str(status),) * _IN_TURN, None)


def _succeeds_at(attempt: int) -> Behaviour:
    words = f"succeeds at attempt {attempt}"
    return Behaviour(words, "fail-until", (str(attempt),), attempt)


FAILS = Behaviour("fails", "fail", succeeds_at=None)
BEHAVIOURS = (
    FAILS,
    _exits(2),
    _exits(126),
    _exits(255),
    _dies("KILL"),
    _dies("TERM"),
    _dies("SEGV"),
    _succeeds_at(2),
    _succeeds_at(3),
    Behaviour("has no interpreter", "no-interpreter", (), None, "not-executable", runs=False),
    Behaviour("never ends", "hang", succeeds_at=None, late=True),
    Behaviour("reads its standard input", "read-stdin", rests_on=("RUN-09.stdin",)),
    Behaviour("writes 2 MiB of output", "flood", rests_on=("RUN-08.no-block",)),
    Behaviour("has no shebang", "no-shebang", rests_on=("RUN-09.shell",)),
    Behaviour("writes its log to /var/log", "write-log"),
    Behaviour(
        "leaves a process that holds its output open",
        "hold-session",
        leaves=("3611",),
        rests_on=("RUN-07.background", "RUN-07.pipes"),
    ),
)

#: In the place of a script: a mode is drawn beside these.
SCRIPT_FAULTS = (
    FileFault("is not there", "absent", kind="absent", found=False),
    FileFault("belongs to a user", "owner", uid=1000),
    FileFault("is a link to nowhere", "absent", kind="symlink", found=False),
    FileFault(
        "is a directory",
        "not-regular",
        kind="dir",
        found=False,
        rests_on=("FILE-05.not-regular",),
    ),
    FileFault(
        "is a named pipe",
        "not-regular",
        kind="fifo",
        found=False,
        rests_on=("FILE-05.not-regular",),
    ),
)
#: In the place of the config: a mode is drawn beside these.
CONFIG_FAULTS = (
    FileFault("belongs to a user", "permissions", uid=1000),
    FileFault("is a link to nowhere", "dangling", kind="symlink", rests_on=("FILE-02.dangling",)),
    FileFault("is a directory", "regular", kind="dir", rests_on=("FILE-03.regular",)),
    FileFault("is a named pipe", "regular", kind="fifo", rests_on=("FILE-03.regular",)),
)
_SPECIAL = 0o7000


def script_mode(mode: int) -> FileFault:
    """A script of root's with this mode, of the twelve bits that stat shows, other than 700."""
    special = bool(mode & _SPECIAL) and mode & ~_SPECIAL == 0o700
    clauses = ("FILE-04.special-bits",) if special else ()
    reason = "special-bits" if special else "permissions"
    return FileFault(f"has mode {mode:04o}", reason, mode=f"{mode:04o}", rests_on=clauses)


def config_mode(mode: int) -> FileFault:
    """A config of root's with this mode other than 600."""
    narrow = not mode & ~0o600
    clauses = ("FILE-03.narrow",) if narrow else ()
    reason = "narrow" if narrow else "permissions"
    return FileFault(f"has mode {mode:04o}", reason, mode=f"{mode:04o}", rests_on=clauses)


def _json(config: Config) -> bytes:
    return json.dumps(config, indent=1).encode()


def _with(key: str, text: str) -> Callable[[Config], bytes]:
    """The config with the JSON text of one value in the place of its own."""

    def write(config: Config) -> bytes:
        texts = {name: json.dumps(value) for name, value in config.items()} | {key: text}
        return (
            "{" + ", ".join(f'"{name}": {value}' for name, value in texts.items()) + "}"
        ).encode()

    return write


def _lacks(key: str) -> Callable[[Config], bytes]:
    return lambda config: _json({name: value for name, value in config.items() if name != key})


def _value(key: str, text: str, reason: str) -> Content:
    return Content(f"has {key} {text}", reason, _with(key, text), (f"CFG-03.{reason}",))


CONTENTS = (
    Content("is empty", "json", lambda _: b""),
    Content("ends in its middle", "json", lambda config: _json(config)[:40]),
    Content("has a comma too many", "json", lambda config: _json(config)[:-1] + b",}"),
    Content("goes on after its end", "json", lambda config: _json(config) + b"\n}"),
    Content("lacks preScriptLocation", "missing-key", _lacks("preScriptLocation")),
    Content("lacks postScriptLocation", "missing-key", _lacks("postScriptLocation")),
    Content(
        "begins with a byte order mark",
        "bom",
        lambda config: b"\xef\xbb\xbf" + _json(config),
        ("CFG-03.bom",),
    ),
    Content(
        "is UTF-16", "encoding", lambda c: _json(c).decode().encode("utf-16"), ("CFG-03.encoding",)
    ),
    Content(
        "is a list",
        "not-object",
        lambda config: b"[" + _json(config) + b"]",
        ("CFG-03.not-object",),
    ),
    Content(
        "has timeoutInSeconds twice",
        "duplicate-key",
        lambda config: _json(config)[:-1] + b', "timeoutInSeconds": 10}',
        ("CFG-03.duplicate-key",),
    ),
    _value("timeoutInSeconds", "null", "null"),
    _value("timeoutInSeconds", "NaN", "constant"),
    _value("timeoutInSeconds", '"10"', "type"),
    _value("timeoutInSeconds", "10.0", "float-is-no-number"),
    _value("timeoutInSeconds", "0", "timeout"),
    _value("preScriptNoOfRetries", "true", "bool-is-no-number"),
    _value("postScriptNoOfRetries", "-1", "negative"),
    _value("continueBackupOnFailure", '"false"', "type"),
    _value("fsFreezeEnabled", "0", "type"),
    _value("ScriptsExecutionPollTimeSeconds", "6", "poll"),
    _value("preScriptLocation", '"opt/scripts/pre.sh"', "relative-path"),
    _value("postScriptLocation", '""', "empty-path"),
    _value("preScriptParams", "[1]", "params"),
    _value("postScriptParams", '"one two"', "params"),
    _value("postScriptParams", r'["a\u0000b"]', "nul"),
    # What is no fault at all.
    Content("is written in one line", "", lambda config: json.dumps(config).encode()),
    Content("has its keys in reverse", "", lambda c: _json(dict(reversed([*c.items()])))),
    Content(
        "has a key that nobody knows",
        "",
        lambda config: _json({**config, "指令碼逾時": 5}),
        ("CFG-05.unknown-key",),
    ),
    Content(
        "has another pluginName",
        "",
        lambda config: _json({**config, "pluginName": "MyPlugin"}),
        ("CFG-05.plugin-name",),
    ),
)

_HOST: Mapping[str, str] = {
    "timeoutInSeconds": "1800",
    "numberOfPlugins": "1",
    "pluginName0": "ScriptRunner",
    "pluginPath0": "/etc/azure",
    "pluginConfigPath0": "/etc/azure/VMSnapshotScriptPluginConfig.json",
}


def _host(**changed: str) -> bytes:
    settings = {**_HOST, **changed}
    return "\n".join(["[pre_post]", *(f"{k} = {v}" for k, v in settings.items()), ""]).encode()


#: Where the file stands is the project's word; so is what else than an INI file it must be.
_PLACE = "FILE-06.path"
_FORMAT = (_PLACE, "FILE-06.format")
PLUGIN_HOSTS = (
    PluginHost("is no INI file", "ini", b"pre_post\nthis is no INI file\n", rests_on=(_PLACE,)),
    PluginHost("is empty", "empty", b"", rests_on=_FORMAT),
    PluginHost("names no plugin", "no-plugin", _host(numberOfPlugins="0"), rests_on=_FORMAT),
    PluginHost("has timeout 0", "not-a-number", _host(timeoutInSeconds="0"), rests_on=_FORMAT),
    PluginHost("has no path", "empty-value", _host(pluginPath0=""), rests_on=_FORMAT),
    PluginHost(
        "may be written by its group",
        "permissions",
        _host(),
        mode="0660",
        rests_on=(_PLACE, "FILE-06.permissions"),
    ),
    PluginHost("is good", "", _host(), mode="0644", rests_on=(_PLACE, "FILE-06.other-bits")),
)

PARAMETERS: Mapping[tuple[str, ...], tuple[str, ...]] = {
    ("one", "--two=2", "/three"): (),
    ("", ""): ("CFG-06.verbatim",),
    ("two words", "'\"", "$(touch /tmp/injected)"): ("CFG-06.verbatim", "CFG-06.no-shell"),
    ("line\nline", "schön 快照"): ("CFG-06.verbatim",),
}

CHANGES = (
    Change(
        "somebody deletes the post-script while the pre-script runs",
        "not-found",
        rests_on=("FILE-09.not-found",),
    ),
    Change(
        "somebody gives the post-script mode 0755 while the pre-script runs",
        "permission",
        mode="0755",
        rests_on=("FILE-09.permission",),
    ),
)

MEDDLINGS = (
    Meddling(
        "somebody has frozen /data already",
        "freeze",
        rests_on=("FRZ-07.failure", "FRZ-07.not-thawed"),
    ),
    Meddling(
        "somebody thaws /data while the set is taken",
        "thaw",
        rests_on=("FRZ-06.level", "FRZ-06.status"),
    ),
)

#: Settings whose defaults are this project's.
LEFT_OUT: Mapping[str, str] = {"go_on": "CFG-02.continue", "fsfreeze": "CFG-02.fsfreeze"}

#: FILE-08: rests on it, because no source speaks of the folders.
OPEN_FOLDER = ("FILE-08.scripts",)

#: The error that a change makes, by its kind.
CHANGED = {"not-found": ErrorName.POST_NOT_FOUND, "permission": ErrorName.POST_PERMISSION}
