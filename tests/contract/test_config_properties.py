"""The config's reader against a second, naive one (`naive_config`), over texts of every kind."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from harness.contract.config import Config, find_problems, parse_config
from tests.contract import naive_config

_KEYS = list(naive_config.DEFAULTS)
_CHARACTERS = st.characters(codec="utf-8") | st.sampled_from('\0\ud800\udc00/\\"é快')
_TEXTS = st.text(_CHARACTERS, max_size=5) | st.sampled_from(
    ["", "/opt/pre", "opt/pre", "/a\0b", "true", "30", "ScriptRunner"]
)
_NUMBERS = (
    st.integers(-3, 8)
    | st.sampled_from([1800, 1801, 10**17, 10**18 - 1, -(10**18)])
    | st.floats(allow_nan=True)
)
_VALUES = st.recursive(
    st.none() | st.booleans() | _NUMBERS | _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3),
    max_leaves=5,
)
#: Mostly what may stand there, so that not every config fails at its first key.
_FITTING: dict[str, st.SearchStrategy[Any]] = {
    "pluginName": st.just("ScriptRunner") | _TEXTS,
    "preScriptLocation": st.just("/opt/pre") | _TEXTS,
    "postScriptLocation": st.just("/opt/post") | _TEXTS,
    "preScriptParams": st.lists(_TEXTS, max_size=3),
    "postScriptParams": st.lists(_TEXTS, max_size=3),
    "preScriptNoOfRetries": st.integers(-1, 3),
    "postScriptNoOfRetries": st.integers(-1, 3),
    "timeoutInSeconds": st.integers(-1, 2000),
    "continueBackupOnFailure": st.booleans(),
    "fsFreezeEnabled": st.booleans(),
    "ScriptsExecutionPollTimeSeconds": st.integers(0, 6),
}
_REQUIRED = ("preScriptLocation", "postScriptLocation")


@st.composite
def _pairs(draw: st.DrawFn) -> list[tuple[str, Any]]:
    """Keys and values in any order; now and then unknown, lacking, twice, or of a wrong kind."""
    pairs = []
    for key in draw(st.permutations(_KEYS)):
        if draw(st.integers(0, 9)) < (9 if key in _REQUIRED else 5):
            odd = draw(st.integers(0, 15)) == 0
            pairs.append((key, draw(_VALUES if odd else _FITTING[key])))
    if draw(st.integers(0, 5)) == 0:
        pairs.append((draw(_TEXTS | st.sampled_from(_KEYS)), draw(_VALUES)))
    if pairs and draw(st.integers(0, 9)) == 0:
        pairs.append(draw(st.sampled_from(pairs)))
    return pairs


@st.composite
def _written(draw: st.DrawFn) -> bytes:
    """Such pairs as a person or a program may write them."""
    ascii_only = draw(st.booleans())
    space = draw(st.sampled_from(["", " ", "\n  ", "\t", "\r\n"]))

    def text(value: Any) -> str:
        return json.dumps(value, ensure_ascii=ascii_only)

    members = [f"{text(key)}:{space}{text(value)}" for key, value in draw(_pairs())]
    return f"{{{space}{f',{space}'.join(members)}{space}}}".encode("utf-8", "surrogatepass")


@st.composite
def _damaged(draw: st.DrawFn) -> bytes:
    """A config in which some bytes were cut out, and others put in."""
    raw = draw(_written())
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(raw)))
        end = draw(st.integers(start, min(start + 4, len(raw))))
        raw = raw[:start] + draw(_CHUNKS) + raw[end:]
    return raw


_SCRAPS = rb"""" \ \u \ud800 \u0000 { } [ ] , : 0 - . 1e5 null NaN -Infinity true""".split(b" ")
_CHUNKS = st.binary(max_size=3) | st.sampled_from([b"", b"\0", b"\n", b"\xef\xbb\xbf", *_SCRAPS])
_ANY = _written() | _damaged() | st.lists(_CHUNKS, max_size=12).map(b"".join)


def _settings(config: Config) -> dict[str, Any]:
    return {
        "pluginName": config.plugin_name,
        "preScriptLocation": config.pre_location,
        "postScriptLocation": config.post_location,
        "preScriptParams": list(config.pre_params),
        "postScriptParams": list(config.post_params),
        "preScriptNoOfRetries": config.pre_retries,
        "postScriptNoOfRetries": config.post_retries,
        "timeoutInSeconds": config.timeout,
        "continueBackupOnFailure": config.continue_on_failure,
        "fsFreezeEnabled": config.fsfreeze,
        "ScriptsExecutionPollTimeSeconds": config.poll_seconds,
    }


@settings(max_examples=600)
@given(_ANY)
@example(b'{"preScriptLocation":"/a","postScriptLocation":"/b","x":1e999}')
@example(b'{"preScriptLocation":"/a","postScriptLocation":"/b","timeoutInSeconds":-0}')
@example(b'{"preScriptLocation":"/a","postScriptLocation":"/b","x":1,"x":1}')
@example(b'{"preScriptLocation":"/\\ud83d\\ude00","postScriptLocation":"/b"}')
def test_both_readers_say_the_same(raw: bytes) -> None:
    expected, reasons, warned = naive_config.read(raw)
    config, warnings = parse_config(raw)
    assert {problem.reason for problem in find_problems(raw)} == reasons
    if expected is None:
        assert not isinstance(config, Config)
        assert config.reason in reasons
    else:
        assert isinstance(config, Config), config
        assert _settings(config) == expected
    assert bool(warnings) == warned


@settings(max_examples=300)
@given(_written())
def test_a_good_config_is_read_whatever_its_order_and_spaces(raw: bytes) -> None:
    expected, _, _ = naive_config.read(raw)
    if expected is None:
        return
    values = {key: value for key, value in expected.items() if value is not ...}
    again = json.dumps(dict(reversed([*values.items()])), indent=3).encode()
    assert parse_config(again)[0] == parse_config(raw)[0]


@given(st.binary(max_size=40))
def test_no_bytes_make_the_reader_raise(raw: bytes) -> None:
    assert (naive_config.read(raw)[0] is None) == (not isinstance(parse_config(raw)[0], Config))
