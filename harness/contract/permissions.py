"""Who may own and change the files of the framework: pure judgements over what stat showed.

The executor (or a linter) gathers `FileFacts`; nothing here looks at a filesystem. Modes are the
twelve low bits (0o7777), as stat shows them.
"""

from __future__ import annotations

import stat
from typing import NamedTuple, Optional, Tuple

from .errors import ErrorName, for_script

CONFIG_MODE = 0o600
SCRIPT_MODE = 0o700


class DirFacts(NamedTuple):
    """One directory on a file's resolved path."""

    path: str
    uid: int
    mode: int


class FileFacts(NamedTuple):
    """What stat showed of one path; symlinks are followed.

    `exists`: stat found a target. `dangling`: it did not, but lstat found something there (a
    symlink to nowhere, a loop). `kind` is "file", "dir", "fifo", "char", "block", "socket" or ""
    where nothing exists. `directories` are those of the *resolved* path, from / down.
    """

    path: str
    exists: bool = True
    dangling: bool = False
    kind: str = "file"
    mode: int = 0
    uid: int = 0
    gid: int = 0
    resolved: str = ""
    directories: Tuple[DirFacts, ...] = ()


class Finding(NamedTuple):
    """A file that must not be used: the error's name, a short reason word, a sentence."""

    name: ErrorName
    reason: str
    detail: str


def configured(config: FileFacts) -> bool:
    """FILE-02: whether there is a config at all; a dangling symlink is no absence."""
    return config.exists or config.dangling


def judge_config_file(config: FileFacts, strict: bool = True) -> Optional[Finding]:
    """FILE-02 (dangling), FILE-03, FILE-08 for the config; ask `configured` first.

    Reasons: dangling; permissions, for all of FILE-03 (a mode inside 600 in `strict` only);
    directory.
    """
    name = ErrorName.INCORRECT_CONFIG
    if not config.exists:
        return Finding(name, "dangling", f"{config.path} is a symlink that leads nowhere")
    if config.kind != "file":
        return Finding(name, "permissions", f"{config.path} is {_kind(config)}, no regular file")
    if config.uid != 0:
        return Finding(name, "permissions", _owner(config))
    mode = stat.S_IMODE(config.mode)
    if mode != CONFIG_MODE and (strict or mode & ~CONFIG_MODE):
        return Finding(name, "permissions", _mode(config, CONFIG_MODE))
    return _directory(config, name)


def judge_script_found(which: str, script: FileFacts) -> Optional[Finding]:
    """FILE-05 for `which` ("pre" | "post"). Reasons: absent, not-regular."""
    name = for_script(which, "not-found")
    if not script.exists:
        what = "is a symlink that leads nowhere" if script.dangling else "does not exist"
        return Finding(name, "absent", f"{which}ScriptLocation: {script.path} {what}")
    if script.kind != "file":
        return Finding(
            name,
            "not-regular",
            f"{which}ScriptLocation: {script.path} is {_kind(script)}, no regular file",
        )
    return None


def judge_script_permission(which: str, script: FileFacts) -> Optional[Finding]:
    """FILE-04 and FILE-08 for a script that was found.

    Reasons: owner, special-bits (setuid, setgid, sticky), permissions, directory.
    """
    name = for_script(which, "permission")
    if script.uid != 0:
        return Finding(name, "owner", _owner(script))
    mode = stat.S_IMODE(script.mode)
    if mode & 0o7000 and mode & 0o777 == SCRIPT_MODE:
        return Finding(name, "special-bits", _mode(script, SCRIPT_MODE))
    if mode != SCRIPT_MODE:
        return Finding(name, "permissions", _mode(script, SCRIPT_MODE))
    return _directory(script, name)


def judge_script(which: str, script: FileFacts) -> Optional[Finding]:
    """FILE-05, then FILE-04 and FILE-08; in the precheck and again before each start (FILE-09)."""
    return judge_script_found(which, script) or judge_script_permission(which, script)


def judge_plugin_host_file(plugin_host: FileFacts) -> Optional[Finding]:
    """FILE-06: what stat shows of the plugin-host file; content is `parse_plugin_host`'s.

    Only asked where there is one (`configured` says so here too). Reasons: dangling, not-regular,
    owner, permissions (a write bit for group or others; other bits do not matter).
    """
    name = ErrorName.INCORRECT_PLUGIN_HOST
    if not plugin_host.exists:
        return Finding(name, "dangling", f"{plugin_host.path} is a symlink that leads nowhere")
    if plugin_host.kind != "file":
        detail = f"{plugin_host.path} is {_kind(plugin_host)}, no regular file"
        return Finding(name, "not-regular", detail)
    if plugin_host.uid != 0:
        return Finding(name, "owner", _owner(plugin_host))
    mode = stat.S_IMODE(plugin_host.mode)
    if mode & 0o022:
        return Finding(
            name,
            "permissions",
            f"{plugin_host.path} has mode {mode:03o}: group or others may write to it; "
            f"chmod go-w {plugin_host.path}",
        )
    return None


def _directory(facts: FileFacts, name: ErrorName) -> Optional[Finding]:
    for directory in facts.directories:
        if directory.uid != 0:
            what = f"belongs to user {directory.uid}, not to root"
        elif directory.mode & 0o022:
            what = f"has mode {stat.S_IMODE(directory.mode):03o}: others than root may write to it"
        else:
            continue
        return Finding(
            name,
            "directory",
            f"{facts.path} could be swapped: the directory {directory.path} on its path {what}",
        )
    return None


def _owner(facts: FileFacts) -> str:
    return f"{facts.path} belongs to user {facts.uid}, not to root; chown root {facts.path}"


def _mode(facts: FileFacts, wanted: int) -> str:
    mode = stat.S_IMODE(facts.mode)
    return (
        f"{facts.path} has mode {mode:03o}, it must be exactly {wanted:03o}; "
        f"chmod {wanted:03o} {facts.path}"
    )


_KINDS = {
    "dir": "a directory",
    "fifo": "a named pipe",
    "char": "a character device",
    "block": "a block device",
    "socket": "a socket",
}


def _kind(facts: FileFacts) -> str:
    return _KINDS.get(facts.kind, "something else")
