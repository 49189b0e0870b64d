"""The content of the config file: every way in which it can be wrong, and what it means."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.contract.clauses import CATALOGUE
from harness.contract.config import (
    DEFAULT_POLICY,
    KEYS,
    Config,
    ConfigProblem,
    effective_timeout,
    find_problems,
    parse_config,
)
from harness.contract.verdict import Policy

_GOOD: dict[str, Any] = {"preScriptLocation": "/opt/pre", "postScriptLocation": "/opt/post"}


def _raw(**more: Any) -> bytes:
    return json.dumps({**_GOOD, **more}).encode()


def _config(raw: bytes) -> Config:
    config, _ = parse_config(raw)
    assert isinstance(config, Config), config
    return config


def _problem(raw: bytes) -> ConfigProblem:
    problem, _ = parse_config(raw)
    assert isinstance(problem, ConfigProblem), problem
    return problem


def test_the_defaults() -> None:
    config, warnings = parse_config(_raw())
    assert config == Config(
        pre_location="/opt/pre",
        post_location="/opt/post",
        plugin_name="ScriptRunner",
        pre_params=(),
        post_params=(),
        pre_retries=0,
        post_retries=0,
        timeout=30,
        continue_on_failure=True,
        fsfreeze=True,
        poll_seconds=1,
    )
    assert warnings == ()


def test_every_key_is_read() -> None:
    config, warnings = parse_config(
        _raw(
            pluginName="ScriptRunner",
            preScriptParams=["", "a b", "$(id)", "ü\n"],
            postScriptParams=["x"],
            preScriptNoOfRetries=2,
            postScriptNoOfRetries=3,
            timeoutInSeconds=45,
            continueBackupOnFailure=False,
            fsFreezeEnabled=False,
            ScriptsExecutionPollTimeSeconds=5,
        )
    )
    assert config == Config(
        pre_location="/opt/pre",
        post_location="/opt/post",
        pre_params=("", "a b", "$(id)", "ü\n"),
        post_params=("x",),
        pre_retries=2,
        post_retries=3,
        timeout=45,
        continue_on_failure=False,
        fsfreeze=False,
        poll_seconds=5,
    )
    assert warnings == ()


def test_the_policy_of_a_config() -> None:
    config = _config(_raw(continueBackupOnFailure=False, fsFreezeEnabled=False))
    assert config.policy() == Policy(continue_on_failure=False, fsfreeze=False)
    assert config.policy(single_disk=True).single_disk
    assert Policy(continue_on_failure=True, fsfreeze=True, single_disk=False) == DEFAULT_POLICY


@pytest.mark.parametrize(
    ("raw", "reason", "named"),
    [
        pytest.param(b"", "json", "empty", id="empty"),
        pytest.param(b" \n\t", "json", "empty", id="blank"),
        pytest.param(b"{", "json", "line 1, column 2", id="cut"),
        pytest.param(b'{"a": 1,\n "b" 2}', "json", "line 2", id="comma"),
        pytest.param(_raw() + b"x", "json", "line 1", id="trailing"),
        pytest.param(b"\0" + _raw(), "json", "line 1, column 1", id="nul-byte"),
        pytest.param(b"{'preScriptLocation': '/a'}", "json", "line 1", id="single-quotes"),
        pytest.param(b'{"a": "\n"}', "json", "line 1", id="raw-newline-in-string"),
        pytest.param(b"\xef\xbb\xbf" + _raw(), "bom", "byte order mark", id="bom"),
        pytest.param(_raw().decode().encode("utf-16"), "encoding", "byte 0", id="utf-16"),
        pytest.param(b'{"\xe4": 1}', "encoding", "line 1", id="latin-1-at-once"),
        pytest.param(b'{"a":\n"\xe4"}', "encoding", "line 2", id="latin-1"),
        pytest.param(b'{"a":\n\n"\xe4"}', "encoding", "line 3", id="latin-1-further-down"),
        pytest.param(b'{"a": "\xed\xa0\x80"}', "encoding", "byte 7", id="surrogate-bytes"),
        pytest.param(b'{"a": NaN}', "constant", "NaN", id="nan"),
        pytest.param(b'{"a": -Infinity}', "constant", "-Infinity", id="infinity"),
        pytest.param(rb'{"a": "\ud800"}', "surrogate", r"\ud800", id="surrogate"),
        pytest.param(rb'{"a": [{"\udc00x": 1}]}', "surrogate", r"\udc00x", id="surrogate-key"),
        pytest.param(b"[]", "not-object", "a list", id="list"),
        pytest.param(b'"x"', "not-object", '"x"', id="string"),
        pytest.param(b"null", "not-object", "null", id="null"),
        pytest.param(b"7", "not-object", "7", id="number"),
        pytest.param(b'{"a": 1, "a": 1}', "duplicate-key", '"a"', id="duplicate"),
        pytest.param(rb'{"ab": 1, "a\u0062": 1}', "duplicate-key", '"ab"', id="duplicate-escaped"),
        pytest.param(b'{"x": {"a": 1, "a": 2}}', "duplicate-key", '"a"', id="duplicate-inside"),
        pytest.param(b"{}", "missing-key", "preScriptLocation", id="nothing"),
        pytest.param(
            b'{"preScriptLocation": "/a"}', "missing-key", "postScriptLocation", id="no-post"
        ),
        pytest.param(b"[" * 100_000, "json", "deep", id="deep-list"),
        pytest.param(b'{"a":' * 100_000, "json", "deep", id="deep-object"),
        pytest.param(
            _raw()[:-1] + b', "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
            "json",
            "deep",
            id="deep-unknown-value",
        ),
    ],
)
def test_content_that_is_no_config(raw: bytes, reason: str, named: str) -> None:
    problem = _problem(raw)
    assert problem.reason == reason
    assert f"CFG-03.{reason}" in CATALOGUE
    assert named in problem.detail


@pytest.mark.parametrize(
    ("key", "value", "reason", "found"),
    [
        ("preScriptLocation", "", "empty-path", "empty"),
        ("postScriptLocation", "", "empty-path", "empty"),
        ("preScriptLocation", "opt/pre", "relative-path", '"opt/pre"'),
        ("postScriptLocation", "~/post", "relative-path", '"~/post"'),
        ("preScriptLocation", "/opt\0/pre", "nul", r"\u0000"),
        ("preScriptLocation", None, "null", "null"),
        ("preScriptLocation", ["/opt/pre"], "type", "a list"),
        ("postScriptLocation", 5, "type", "the number 5"),
        ("pluginName", 5, "type", "the number 5"),
        ("pluginName", None, "null", "null"),
        ("preScriptParams", "a b", "params", '"a b"'),
        ("preScriptParams", {"a": "b"}, "params", "an object"),
        ("preScriptParams", None, "null", "null"),
        ("postScriptParams", ["a", 1], "params", "postScriptParams[1]"),
        ("postScriptParams", [None], "null", "postScriptParams[0]"),
        ("postScriptParams", ["a\0"], "nul", "postScriptParams[0]"),
        ("preScriptNoOfRetries", -1, "negative", "is -1; it must be at least 0"),
        ("preScriptNoOfRetries", True, "bool-is-no-number", "true"),
        ("preScriptNoOfRetries", 1.0, "float-is-no-number", "1.0"),
        ("postScriptNoOfRetries", -1, "negative", "is -1; it must be at least 0"),
        ("postScriptNoOfRetries", "1", "type", '"1"'),
        ("postScriptNoOfRetries", None, "null", "null"),
        ("timeoutInSeconds", 0, "timeout", "0"),
        ("timeoutInSeconds", -5, "timeout", "-5"),
        ("timeoutInSeconds", 30.0, "float-is-no-number", "30.0"),
        ("timeoutInSeconds", 1e400, "constant", "Infinity"),
        ("timeoutInSeconds", "30", "type", '"30"'),
        ("timeoutInSeconds", False, "bool-is-no-number", "false"),
        ("continueBackupOnFailure", "true", "type", '"true"'),
        ("continueBackupOnFailure", 1, "type", "the number 1"),
        ("continueBackupOnFailure", None, "null", "null"),
        ("fsFreezeEnabled", 0, "type", "the number 0"),
        ("fsFreezeEnabled", [], "type", "a list"),
        ("ScriptsExecutionPollTimeSeconds", 0, "poll", "0"),
        ("ScriptsExecutionPollTimeSeconds", 6, "poll", "is 6; it must be from 1 to 5"),
        ("ScriptsExecutionPollTimeSeconds", 10**18 - 1, "poll", f"is {10**18 - 1}; it"),
        ("ScriptsExecutionPollTimeSeconds", 10**18, "poll", "is 10^18 or more; it"),
        ("ScriptsExecutionPollTimeSeconds", 1 - 10**18, "poll", f"is {1 - 10**18}; it"),
        ("ScriptsExecutionPollTimeSeconds", -(10**18), "poll", "is -10^18 or more; it"),
        ("ScriptsExecutionPollTimeSeconds", 2.5, "float-is-no-number", "2.5"),
    ],
)
def test_a_wrong_value_is_named_with_its_key(
    key: str, value: object, reason: str, found: str
) -> None:
    problem = _problem(_raw(**{key: value}))
    assert problem.reason == reason
    assert f"CFG-03.{reason}" in CATALOGUE
    assert found in problem.detail
    if reason != "constant":
        assert key in problem.detail


@pytest.mark.parametrize("key", ["preScriptNoOfRetries", "postScriptNoOfRetries"])
def test_no_retries_is_a_number_of_retries(key: str) -> None:
    assert isinstance(parse_config(_raw(**{key: 0}))[0], Config)


@pytest.mark.parametrize("seconds", [1, 2, 3, 4, 5])
def test_every_poll_time_from_1_to_5_is_taken(seconds: int) -> None:
    assert _config(_raw(ScriptsExecutionPollTimeSeconds=seconds)).poll_seconds == seconds


def test_numbers_written_as_a_power_are_no_whole_numbers() -> None:
    raw = _raw()[:-1] + b', "timeoutInSeconds": 3e1}'
    assert _problem(raw).reason == "float-is-no-number"
    raw = _raw()[:-1] + b', "timeoutInSeconds": 1e400}'
    assert _problem(raw).reason == "float-is-no-number"


def test_a_huge_number_is_just_large() -> None:
    raw = _raw()[:-1] + b', "timeoutInSeconds": 1' + b"0" * 100_000 + b"}"
    timeout, warnings = effective_timeout(_config(raw), None)
    assert timeout == 1800
    assert "10^18 or more" in warnings[0]
    raw = _raw()[:-1] + b', "postScriptNoOfRetries": -1' + b"0" * 100_000 + b"}"
    assert _problem(raw).reason == "negative"
    assert "-10^18 or more" in _problem(raw).detail
    assert _config(_raw(preScriptNoOfRetries=10**30)).pre_retries == 10**18
    most = 10**18 - 1
    assert _config(_raw(timeoutInSeconds=most, preScriptNoOfRetries=most)).timeout == most


def test_a_long_value_is_shown_by_its_beginning() -> None:
    detail = _problem(_raw(preScriptLocation="x" * 5000)).detail
    assert '"' + "x" * 57 + '..."' in detail
    assert f'"{"y" * 60}"' in _problem(_raw(preScriptLocation="y" * 60)).detail
    assert f'"{"z" * 57}..."' in _problem(_raw(preScriptLocation="z" * 61)).detail


def test_a_float_in_an_unknown_key_does_no_harm() -> None:
    config, warnings = parse_config(_raw(ratio=0.5))
    assert isinstance(config, Config)
    assert len(warnings) == 1


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("timeoutInSecond", "timeoutInSeconds"),
        ("fsfreezeenabled", "fsFreezeEnabled"),
        ("PreScriptLocation", "preScriptLocation"),
        ("preScriptNoOfRetry", "preScriptNoOfRetries"),
    ],
)
def test_an_unknown_key_is_a_warning_with_a_hint(key: str, hint: str) -> None:
    config, warnings = parse_config(_raw(**{key: 1}))
    assert isinstance(config, Config)
    (warning,) = warnings
    assert f'"{key}"' in warning
    assert f"is {hint} meant?" in warning


def test_a_translated_key_is_unknown_and_changes_nothing() -> None:
    config, warnings = parse_config(_raw(LimitCzasuWSekundach=99, Időkorlát_másodpercben=98))
    assert config == _config(_raw())
    assert len(warnings) == 2
    assert all(warning.isascii() for warning in warnings)


def test_a_key_far_from_all_gets_no_hint() -> None:
    _, warnings = parse_config(_raw(comment="x"))
    assert warnings == ('unknown key "comment" is ignored (CFG-05)',)


def test_a_file_full_of_unknown_keys_does_not_fill_the_log() -> None:
    _, warnings = parse_config(_raw(**{f"key{n}": n for n in range(5000)}))
    assert len(warnings) == 21
    assert "4980 further" in warnings[-1]


def test_a_misspelt_required_key_is_found() -> None:
    problem = _problem(b'{"preScriptLocation": "/a", "postscriptlocation": "/b"}')
    assert problem.reason == "missing-key"
    assert '"postscriptlocation"' in problem.detail


@pytest.mark.parametrize("name", ["Other", "Zebra", "scriptrunner", ""])
def test_another_plugin_name_is_a_warning(name: str) -> None:
    config, warnings = parse_config(_raw(pluginName=name))
    assert isinstance(config, Config)
    assert len(warnings) == 1
    assert f'"{name}"' in warnings[0]


def test_all_problems_are_found_at_once() -> None:
    raw = _raw(preScriptLocation="", timeoutInSeconds="30", fsFreezeEnabled=1)
    assert [p.reason for p in find_problems(raw)] == ["empty-path", "type", "type"]
    assert _problem(raw) == find_problems(raw)[0]
    assert find_problems(_raw()) == ()


@pytest.mark.parametrize(
    ("timeout", "host", "applies", "warnings"),
    [
        (30, None, 30, 0),
        (1800, None, 1800, 0),
        (1801, None, 1800, 1),
        (72000, 900, 900, 2),
        (30, 2, 2, 1),
        (2, 2, 2, 0),
        (1, 2, 1, 0),
        (1801, 3600, 1800, 1),
    ],
)
def test_the_timeout_is_capped(timeout: int, host: int | None, applies: int, warnings: int) -> None:
    found, said = effective_timeout(_config(_raw(timeoutInSeconds=timeout)), host)
    assert found == applies
    assert len(said) == warnings


@given(st.binary(max_size=200))
def test_any_bytes_have_a_judgement(raw: bytes) -> None:
    result, warnings = parse_config(raw)
    assert isinstance(result, Config | ConfigProblem)
    assert all(isinstance(warning, str) for warning in warnings)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=8), _JSON, max_size=12))
def test_any_object_has_a_judgement_that_fits_its_types(values: dict[str, Any]) -> None:
    result, _ = parse_config(json.dumps({**_GOOD, **values}).encode())
    if isinstance(result, ConfigProblem):
        assert result.detail.isascii()
        return
    assert result.pre_location.startswith("/")
    assert result.post_location.startswith("/")
    assert type(result.timeout) is int
    assert result.timeout >= 1
    assert type(result.pre_retries) is int
    assert result.pre_retries >= 0
    assert 1 <= result.poll_seconds <= 5
    assert type(result.fsfreeze) is bool
    assert all("\0" not in p for p in (*result.pre_params, *result.post_params))


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))))
def test_parameters_come_through_verbatim(params: list[str]) -> None:
    assert _config(_raw(preScriptParams=params)).pre_params == tuple(params)
    raw = json.dumps({**_GOOD, "postScriptParams": params}, ensure_ascii=False).encode()
    assert _config(raw).post_params == tuple(params)


@given(st.integers(0, 200))
def test_every_cut_of_a_good_config_is_a_problem(at: int) -> None:
    raw = _raw(preScriptParams=["ü"], timeoutInSeconds=12)
    cut = raw[: at % len(raw)]
    assert isinstance(parse_config(cut)[0], ConfigProblem)
