"""The config file of the framework: its keys, its defaults, and what makes it unusable (CFG).

Bytes in, a `Config` or a `ConfigProblem` out; nothing here reads a file, and nothing raises.
"""

from __future__ import annotations

import json
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple, Union

from .verdict import Policy

#: Where the config is read from (FILE-01).
CONFIG_PATH = "/etc/azure/VMSnapshotScriptPluginConfig.json"
#: The one plugin name that needs no warning (CFG-05).
PLUGIN_NAME = "ScriptRunner"
#: The longest timeout that a config gets, in seconds (CFG-04).
TIMEOUT_CAP = 1800

#: What applies where there is no config, or one whose content can't be trusted (CFG-03, FILE-02).
DEFAULT_POLICY = Policy()

# Numbers with more digits saturate: int() of very long digit strings is slow, and refused by
# newer Pythons. Nothing in the contract tells such numbers apart.
_MOST_DIGITS = 18

# So many unknown keys are told one by one; a file of nothing else must not fill the log.
_MOST_UNKNOWN = 20


class Config(NamedTuple):
    """A config file that can be used; times in seconds, retries beyond the first attempt."""

    pre_location: str
    post_location: str
    plugin_name: str = PLUGIN_NAME
    pre_params: Tuple[str, ...] = ()
    post_params: Tuple[str, ...] = ()
    pre_retries: int = 0
    post_retries: int = 0
    timeout: int = 30
    continue_on_failure: bool = True
    fsfreeze: bool = True
    poll_seconds: int = 1

    def policy(self, single_disk: bool = False) -> Policy:
        """The part that the verdict needs; `single_disk` is a fact of the guest (FBK-08)."""
        return Policy(self.continue_on_failure, self.fsfreeze, single_disk)


class ConfigProblem(NamedTuple):
    """Why the content can't be used: a short word, and a sentence that names the key and place.

    Reasons are the last words of CFG-03's clauses: json (an empty file and one that nests too
    deeply to be read included), encoding, bom, constant, surrogate, not-object, duplicate-key,
    missing-key, null, empty-path, relative-path, nul, type, bool-is-no-number, float-is-no-number,
    params, negative, timeout, poll.
    """

    reason: str
    detail: str


class _ContentError(Exception):
    """Ends the reading of the JSON text; carries the problem."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.problem = ConfigProblem(reason, detail)


def parse_config(raw: bytes) -> Tuple[Union[Config, ConfigProblem], Tuple[str, ...]]:
    """Read a config's content: the config or the first problem, and the warnings (CFG-01 to 05)."""
    problems, values, warnings = _read(raw)
    if problems:
        return problems[0], warnings
    return Config(**{_KEYS[key].field: value for key, value in values.items()}), warnings


def find_problems(raw: bytes) -> Tuple[ConfigProblem, ...]:
    """All problems of a config's content, for a linter; empty where it can be used."""
    return tuple(_read(raw)[0])


def effective_timeout(
    config: Config, plugin_host_timeout: Optional[int]
) -> Tuple[int, Tuple[str, ...]]:
    """The seconds that each script gets, all attempts together, and the warnings (CFG-04)."""
    timeout = config.timeout
    warnings: List[str] = []
    if timeout > TIMEOUT_CAP:
        warnings.append(
            f"timeoutInSeconds is {_number(timeout)}, more than {TIMEOUT_CAP}: "
            f"{TIMEOUT_CAP} s apply (CFG-04)"
        )
        timeout = TIMEOUT_CAP
    if plugin_host_timeout is not None and timeout > plugin_host_timeout:
        warnings.append(
            f"timeoutInSeconds is {_number(timeout)}, more than the plugin host's own "
            f"timeout: {plugin_host_timeout} s apply (CFG-04)"
        )
        timeout = plugin_host_timeout
    return timeout, tuple(warnings)


def _read(raw: bytes) -> Tuple[List[ConfigProblem], Dict[str, Any], Tuple[str, ...]]:
    try:
        document = _document(raw)
    except _ContentError as reject:
        return [reject.problem], {}, ()
    problems: List[ConfigProblem] = []
    values: Dict[str, Any] = {}
    unknown = [key for key in document if key not in _KEYS]
    for key, spec in _KEYS.items():
        if key not in document:
            if spec.required:
                problems.append(ConfigProblem("missing-key", _missing(key, unknown)))
            continue
        try:
            values[key] = spec.read(key, document[key])
        except _ContentError as reject:
            problems.append(reject.problem)
    return problems, values, tuple(_warnings(unknown, values))


def _warnings(unknown: List[str], values: Dict[str, Any]) -> List[str]:
    told = unknown[:_MOST_UNKNOWN]
    warnings = [f"unknown key {_short(key)} is ignored{_hint(key)} (CFG-05)" for key in told]
    if len(unknown) > len(told):
        warnings.append(f"{len(unknown) - len(told)} further unknown keys are ignored (CFG-05)")
    name = values.get("pluginName", PLUGIN_NAME)
    if name != PLUGIN_NAME:
        warnings.append(f'pluginName is {_short(name)}, not "{PLUGIN_NAME}" (CFG-05)')
    return warnings


def _document(raw: bytes) -> Dict[str, Any]:
    if raw.startswith(b"\xef\xbb\xbf"):
        raise _ContentError("bom", "the file begins with a byte order mark; save it as plain UTF-8")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise _ContentError(
            "encoding", f"the file is no UTF-8: byte {error.start}, line {line}"
        ) from None
    if not text.strip(" \t\r\n"):
        raise _ContentError("json", "the file is no JSON: it is empty")
    try:
        document = json.loads(
            text, object_pairs_hook=_object, parse_constant=_constant, parse_int=_int
        )
        _no_surrogates(document)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise _ContentError("json", f"the file is no JSON: {error.msg} at {where}") from None
    except RecursionError:
        raise _ContentError(
            "json", "the file nests lists or objects too deeply to be read"
        ) from None
    if not isinstance(document, dict):
        raise _ContentError("not-object", f"the file holds {_what(document)}, not an object")
    return document


def _object(pairs: List[Tuple[str, Any]]) -> Dict[str, Any]:
    result: Dict[str, Any] = {}
    for key, value in pairs:
        if key in result:
            raise _ContentError(
                "duplicate-key", f"the key {_short(key)} stands twice in one object"
            )
        result[key] = value
    return result


def _constant(word: str) -> Any:
    raise _ContentError("constant", f"{word} is no JSON")


def _int(digits: str) -> int:
    sign, number = (-1, digits[1:]) if digits.startswith("-") else (1, digits)
    return sign * (10**_MOST_DIGITS if len(number) > _MOST_DIGITS else int(number))


def _no_surrogates(document: Any) -> None:
    # A list, not recursion: the value may be nested as deeply as the reader allowed.
    waiting = [document]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting.extend(value)
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
        elif isinstance(value, str):
            try:
                value.encode("utf-8")
            except UnicodeEncodeError:
                raise _ContentError(
                    "surrogate", f"the string {_short(value)} holds half a surrogate pair: no UTF-8"
                ) from None


def _path(key: str, value: Any) -> str:
    path = _string(key, value)
    if not path:
        raise _ContentError("empty-path", f"{key} is empty; it must be the full path of the script")
    if "\0" in path:
        raise _ContentError("nul", f"{key} holds a NUL character: {_short(path)}")
    if not path.startswith("/"):
        raise _ContentError("relative-path", f"{key} is {_short(path)}: not a full path (from /)")
    return path


def _string(key: str, value: Any) -> str:
    if not isinstance(value, str):
        raise _wrong(key, value, "a string")
    return value


def _params(key: str, value: Any) -> Tuple[str, ...]:
    if not isinstance(value, list):
        raise _wrong(key, value, "a list of strings", "params")
    for place, item in enumerate(value):
        if not isinstance(item, str):
            raise _wrong(f"{key}[{place}]", item, "a string", "params")
        if "\0" in item:
            raise _ContentError("nul", f"{key}[{place}] holds a NUL character: {_short(item)}")
    return tuple(value)


def _whole(reason: str, least: int, most: Optional[int] = None) -> Callable[[str, Any], int]:
    """Reads a whole number from `least` to `most`; `reason` is that of one outside."""

    def read(key: str, value: Any) -> int:
        if isinstance(value, bool):
            raise _wrong(key, value, "a whole number", "bool-is-no-number")
        if not isinstance(value, int):
            kind = "float-is-no-number" if isinstance(value, float) else "type"
            raise _wrong(key, value, "a whole number", kind)
        if value < least or (most is not None and value > most):
            wanted = f"at least {least}" if most is None else f"from {least} to {most}"
            raise _ContentError(reason, f"{key} is {_number(value)}; it must be {wanted}")
        return value

    return read


def _bool(key: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise _wrong(key, value, "true or false")
    return value


class _Key(NamedTuple):
    field: str
    read: Callable[[str, Any], Any]
    required: bool = False


_KEYS: Dict[str, _Key] = {
    "pluginName": _Key("plugin_name", _string),
    "preScriptLocation": _Key("pre_location", _path, required=True),
    "postScriptLocation": _Key("post_location", _path, required=True),
    "preScriptParams": _Key("pre_params", _params),
    "postScriptParams": _Key("post_params", _params),
    "preScriptNoOfRetries": _Key("pre_retries", _whole("negative", 0)),
    "postScriptNoOfRetries": _Key("post_retries", _whole("negative", 0)),
    "timeoutInSeconds": _Key("timeout", _whole("timeout", 1)),
    "continueBackupOnFailure": _Key("continue_on_failure", _bool),
    "fsFreezeEnabled": _Key("fsfreeze", _bool),
    "ScriptsExecutionPollTimeSeconds": _Key("poll_seconds", _whole("poll", 1, 5)),
}

#: The keys of CFG-01, in the article's order.
KEYS: Tuple[str, ...] = tuple(_KEYS)


def _wrong(key: str, value: Any, wanted: str, reason: str = "type") -> _ContentError:
    if value is None:
        return _ContentError("null", f"{key} is null; it must be {wanted}")
    return _ContentError(reason, f"{key} is {_what(value)}; it must be {wanted}")


def _what(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, str):
        return f"the string {_short(value)}"
    if isinstance(value, int):
        return f"the number {_number(value)}"
    if isinstance(value, float):
        return f"the number {value!r}, no whole number"
    return "a list" if isinstance(value, list) else "an object"


def _number(value: int) -> str:
    most = 10**_MOST_DIGITS
    return (
        str(value) if abs(value) < most else f"{'-' if value < 0 else ''}10^{_MOST_DIGITS} or more"
    )


def _short(text: str) -> str:
    # ASCII escapes: a broken or foreign character must not break the log that it is shown in.
    return json.dumps(text if len(text) <= 60 else text[:57] + "...")


def _missing(key: str, unknown: List[str]) -> str:
    near = _nearest(key, unknown[:_MOST_UNKNOWN])
    hint = f"; the file has {_short(near)}: is that meant?" if near else ""
    return f"{key} is missing{hint}"


def _hint(key: str) -> str:
    near = _nearest(key, KEYS)
    return f"; is {near} meant?" if near else ""


def _nearest(word: str, words: Sequence[str]) -> str:
    """The word that is spelt nearly so, whatever its case; "" where none is."""
    import difflib  # only where something is misspelt: the executor starts faster without it

    lower = {w[:80].lower(): w for w in words}
    near = difflib.get_close_matches(word[:80].lower(), list(lower), 1, 0.75)
    return lower[near[0]] if near else ""
