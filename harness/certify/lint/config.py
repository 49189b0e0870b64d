"""The config and the modes, as the kit installs them, by the contract's own judgement."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from harness.certify.kit import Kit
from harness.certify.lint.finding import LintFinding
from harness.contract import permissions
from harness.contract.config import (
    CONFIG_PATH,
    Config,
    effective_timeout,
    find_problems,
    parse_config,
)


def config_findings(kit: Kit) -> Iterator[LintFinding]:
    """What executors will not like of its content, and what they do with it."""
    file = kit.config_file
    for problem in find_problems(file.content):
        yield LintFinding(
            "CFG-03",
            "error",
            file.path,
            None,
            problem.detail,
            "executors refuse this config and run no script; mend it",
        )
    config, warnings = parse_config(file.content)
    if not isinstance(config, Config):
        return
    for warning in (*warnings, *effective_timeout(config, None)[1]):
        rule = "CFG-04" if "CFG-04" in warning else "CFG-05"
        yield LintFinding(rule, "warning", file.path, None, warning, "mend it in the config")
    if config.pre_location == config.post_location and config.pre_params == config.post_params:
        yield LintFinding(
            "lint.same-script",
            "error",
            file.path,
            None,
            "preScriptLocation and postScriptLocation name the same script with the same "
            "parameters: it cannot tell which of the two it is",
            "name two scripts, or tell them apart by preScriptParams and postScriptParams",
        )
    for key, location in (("pre", config.pre_location), ("post", config.post_location)):
        for disk in kit.manifest.layout.disks:
            if not disk.carries_root and _below(location, disk.mountpoint):
                yield LintFinding(
                    "lint.script-on-data-disk",
                    "warning",
                    file.path,
                    None,
                    f"{key}ScriptLocation is on the disk at {disk.mountpoint}, which is frozen "
                    "while it is waited for, and may be mounted noexec",
                    "keep scripts on the system's own disk, such as in /etc/azure",
                )


def permission_findings(kit: Kit) -> Iterator[LintFinding]:
    """The modes with which the kit installs its files, by the contract's own judgement."""
    scripts = kit.manifest.scripts
    facts = _facts(CONFIG_PATH, scripts.config_mode)
    found = permissions.judge_config_file(facts)
    if found:
        yield _permission(found, "FILE-03", kit.config_file.path, "scripts.modes.config")
    config = kit.config
    if not isinstance(config, Config):
        return
    for which, location, mode, file in (
        ("pre", config.pre_location, scripts.pre_mode, kit.pre),
        ("post", config.post_location, scripts.post_mode, kit.post),
    ):
        found = permissions.judge_script_permission(which, _facts(location, mode))
        if found:
            yield _permission(found, "FILE-04", file.path, f"scripts.modes.{which}")


def _permission(found: permissions.Finding, rule: str, file: str, key: str) -> LintFinding:
    rule = "FILE-08" if found.reason == "directory" else rule
    return LintFinding(
        rule,
        "error",
        file,
        None,
        f"as it is installed, {found.detail}: {found.name.value}",
        f"set {key} in kit.toml to what your installation does, and mend that",
    )


def _facts(path: str, mode: int) -> permissions.FileFacts:
    """What stat will show: all is installed root-owned, folders with mode 755."""
    folders, parent = [], posixpath.dirname(path)
    while True:
        folders.append(parent)
        if parent == "/":
            break
        parent = posixpath.dirname(parent)
    directories = tuple(
        permissions.DirFacts(path=folder, uid=0, mode=0o1777 if folder == "/tmp" else 0o755)
        for folder in reversed(folders)
    )
    return permissions.FileFacts(path=path, mode=mode, resolved=path, directories=directories)


def _below(path: str, folder: str) -> bool:
    return re.sub(r"/+", "/", path).startswith(folder.rstrip("/") + "/")
