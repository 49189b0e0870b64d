"""The precheck: everything that is judged before any script runs, in FILE-07's order."""

from __future__ import annotations

from typing import NamedTuple, Optional, Tuple, Union

from ..contract.config import CONFIG_PATH, Config, ConfigProblem, effective_timeout, parse_config
from ..contract.permissions import (
    Finding,
    configured,
    judge_config_file,
    judge_plugin_host_file,
    judge_script,
)
from ..contract.pluginhost import (
    PLUGIN_HOST_PATH,
    PluginHost,
    PluginHostProblem,
    parse_plugin_host,
)
from ..contract.verdict import (
    ConfigFinding,
    Happening,
    NotConfigured,
    PluginHostFinding,
    Policy,
    ScriptFinding,
)
from .facts import look
from .scripts import Script

#: The executor's own copy of the plugin-host file, used where the guest has none (FILE-06).
OWN_PLUGIN_HOST = b"""\
[pre_post]
timeoutInSeconds = 1800
numberOfPlugins = 1
pluginName0 = ScriptRunner
pluginPath0 = ScriptRunnerPlugin
pluginConfigPath0 = VMSnapshotScriptPluginConfig.json
"""


class Precheck(NamedTuple):
    """What the precheck found. `happening` is None where both scripts may run.

    `pre` and `post` are set exactly then; `detail` is the finding's sentence.
    """

    happening: Optional[Happening]
    detail: str
    policy: Policy
    warnings: Tuple[str, ...] = ()
    pre: Optional[Script] = None
    post: Optional[Script] = None


class Paths(NamedTuple):
    """Where the framework's files lie; others than the contract's only in tests."""

    config: str = CONFIG_PATH
    plugin_host: str = PLUGIN_HOST_PATH
    own_plugin_host: bytes = OWN_PLUGIN_HOST


_CONTRACTS = Paths()


def precheck(single_disk: bool, paths: Paths = _CONTRACTS) -> Precheck:
    """Judge config presence, plugin host, config file, config content, pre- and post-script."""
    policy = Policy(single_disk=single_disk)
    config_facts = look(paths.config)
    if not configured(config_facts):
        return Precheck(NotConfigured(), f"{paths.config} does not exist: not configured", policy)
    host = _plugin_host(paths)
    if isinstance(host, PluginHostProblem):
        return Precheck(PluginHostFinding(host.reason), host.detail, policy)
    finding = judge_config_file(config_facts, strict=True)
    if finding is not None:
        return Precheck(ConfigFinding(finding.reason), finding.detail, policy)
    raw = _read(config_facts.resolved)
    if raw is None:
        return Precheck(ConfigFinding("unreadable"), f"{paths.config} could not be read", policy)
    config, warnings = parse_config(raw)
    if isinstance(config, ConfigProblem):
        detail = f"{paths.config}: {config.detail}"
        return Precheck(ConfigFinding(config.reason), detail, policy, warnings)
    seconds, capped = effective_timeout(config, host.timeout)
    return _scripts(config, seconds, single_disk, (*warnings, *capped))


def _plugin_host(paths: Paths) -> Union[PluginHost, PluginHostProblem]:
    facts = look(paths.plugin_host)
    raw: Optional[bytes] = paths.own_plugin_host
    where = "the executor's own copy of the plugin-host file"
    if configured(facts):
        where = paths.plugin_host
        finding = judge_plugin_host_file(facts)
        if finding is not None:
            return PluginHostProblem(finding.reason, finding.detail)
        raw = _read(facts.resolved)
        if raw is None:
            return PluginHostProblem("unreadable", f"{where} could not be read")
    host = parse_plugin_host(raw or b"")
    if isinstance(host, PluginHostProblem):
        return PluginHostProblem(host.reason, f"{where}: {host.detail}")
    return host


def _scripts(
    config: Config, seconds: int, single_disk: bool, warnings: Tuple[str, ...]
) -> Precheck:
    policy = Policy(config.continue_on_failure, config.fsfreeze, single_disk)
    pre = look(config.pre_location)
    post = look(config.post_location)
    finding: Optional[Finding] = judge_script("pre", pre) or judge_script("post", post)
    if finding is not None:
        reason = f"{finding.reason}: {finding.detail}"
        happening = ScriptFinding("precheck", str(finding.name), reason)
        return Precheck(happening, finding.detail, policy, warnings)
    return Precheck(
        None,
        "both scripts may run",
        policy,
        warnings,
        Script(
            "pre", pre.path, pre.resolved, config.pre_params, config.pre_retries, float(seconds)
        ),
        Script(
            "post",
            post.path,
            post.resolved,
            config.post_params,
            config.post_retries,
            float(seconds),
        ),
    )


def _read(path: str) -> Optional[bytes]:
    try:
        with open(path.encode("utf-8", "surrogateescape"), "rb") as file:
            return file.read()
    except OSError:
        return None
