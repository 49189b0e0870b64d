"""The plugin-host file: an INI file that names the plugins and bounds their time (FILE-06)."""

from __future__ import annotations

import configparser
import re
from typing import NamedTuple, Optional, Tuple, Union

#: Where the plugin-host file lies; where there is none, the executor uses its own copy.
PLUGIN_HOST_PATH = "/etc/azure/VMSnapshotPluginHost.conf"

_SECTION = "pre_post"
# No machine runs for 10**18 seconds, and no file needs so many plugins: longer digits saturate.
_MOST_DIGITS = 18


class Plugin(NamedTuple):
    """One plugin of the file; the first (number 0) is ours."""

    name: str
    path: str
    config_path: str


class PluginHost(NamedTuple):
    """A readable plugin-host file: `timeout` bounds each script, in seconds (CFG-04)."""

    timeout: int
    number_of_plugins: int
    plugins: Tuple[Plugin, ...]


class PluginHostProblem(NamedTuple):
    """Why the file is corrupt: a short word, and a sentence that names the key and what it held.

    Reasons: encoding, empty, ini, missing-section, missing-key, not-a-number, no-plugin,
    empty-value.
    """

    reason: str
    detail: str


def parse_plugin_host(raw: bytes) -> Union[PluginHost, PluginHostProblem]:
    """Read the content of a plugin-host file; never raises, whatever the bytes."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        return PluginHostProblem("encoding", f"byte {error.start} is no UTF-8")
    if not text.strip():
        return PluginHostProblem("empty", "the file is empty")
    parser = configparser.ConfigParser(interpolation=None, strict=True, default_section="\n")
    try:
        parser.read_string(text)
    except (configparser.Error, AttributeError) as error:
        # AttributeError: what some Python versions raise for a stray continuation line.
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        return PluginHostProblem("ini", f"the file is no INI file: {first}")
    if not parser.has_section(_SECTION):
        found = ", ".join(f"[{s}]" for s in parser.sections()) or "none"
        return PluginHostProblem(
            "missing-section", f"the section [{_SECTION}] is missing; sections found: {found}"
        )
    section = parser[_SECTION]
    timeout = _number(section, "timeoutInSeconds")
    if isinstance(timeout, PluginHostProblem):
        return timeout
    count = _number(section, "numberOfPlugins")
    if isinstance(count, PluginHostProblem):
        return count
    values = []
    for key in ("pluginName0", "pluginPath0", "pluginConfigPath0"):
        value = section.get(key)
        if value is None:
            return _missing(key)
        if not value.strip():
            return PluginHostProblem("empty-value", f"{key} is empty")
        values.append(value.strip())
    return PluginHost(timeout, count, (Plugin(values[0], values[1], values[2]),))


def _missing(key: str) -> PluginHostProblem:
    return PluginHostProblem("missing-key", f"{key} is missing in the section [{_SECTION}]")


def _number(section: configparser.SectionProxy, key: str) -> Union[int, PluginHostProblem]:
    value: Optional[str] = section.get(key)
    if value is None:
        return _missing(key)
    # Not int(): it takes "1_0", "+3" and digits of other scripts, which no other reader would.
    if not re.fullmatch(r"[0-9]+", value):
        return PluginHostProblem("not-a-number", f"{key} is {value[:40]!r}, no whole number")
    digits = value.lstrip("0")
    number = 10**_MOST_DIGITS if len(digits) > _MOST_DIGITS else int(digits or "0")
    if number < 1:
        if key == "numberOfPlugins":
            return PluginHostProblem("no-plugin", "numberOfPlugins is 0: there is no plugin to run")
        return PluginHostProblem("not-a-number", f"{key} is 0, it must be at least 1")
    return number
