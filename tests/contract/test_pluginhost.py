"""The content of the plugin-host file."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.contract.pluginhost import Plugin, PluginHost, PluginHostProblem, parse_plugin_host

_LINES = {
    "timeoutInSeconds": "1800",
    "numberOfPlugins": "1",
    "pluginName0": "ScriptRunner",
    "pluginPath0": "/opt/runner",
    "pluginConfigPath0": "/etc/azure/VMSnapshotScriptPluginConfig.json",
}


def _raw(**changes: str | None) -> bytes:
    lines = {**_LINES, **changes}
    text = "".join(f"{key} = {value}\n" for key, value in lines.items() if value is not None)
    return f"[pre_post]\n{text}".encode()


def test_a_good_file() -> None:
    assert parse_plugin_host(_raw()) == PluginHost(
        1800,
        1,
        (Plugin("ScriptRunner", "/opt/runner", "/etc/azure/VMSnapshotScriptPluginConfig.json"),),
    )


def test_further_plugins_and_sections_do_no_harm() -> None:
    raw = _raw(numberOfPlugins="2", pluginName1="Other") + b"; a comment\n[other]\nkey: %(x)s\n"
    assert isinstance(parse_plugin_host(raw), PluginHost)


@pytest.mark.parametrize(
    ("raw", "reason", "named"),
    [
        pytest.param(b"", "empty", "empty", id="empty"),
        pytest.param(b"\n \n", "empty", "empty", id="blank"),
        pytest.param(b"\xff\xfe[", "encoding", "byte 0", id="encoding"),
        pytest.param(b"\xef\xbb\xbf" + _raw(), "ini", "INI", id="bom"),
        pytest.param(b"\x7fELF\x02\x01", "ini", "INI", id="garbage"),
        pytest.param(b"timeoutInSeconds = 3\n", "ini", "no section headers", id="no-header"),
        pytest.param(_raw() + b"numberOfPlugins = 1\n", "ini", "numberofplugins", id="twice"),
        pytest.param(_raw() + b"[pre_post]\n", "ini", "pre_post", id="section-twice"),
        pytest.param(b"[pre_post\n", "ini", "INI", id="cut-header"),
        pytest.param(b"[other]\na = 1\n", "missing-section", "[other]", id="other-section"),
        pytest.param(b"[DEFAULT]\na = 1\n", "missing-section", "[DEFAULT]", id="default-section"),
    ],
)
def test_a_file_that_is_corrupt(raw: bytes, reason: str, named: str) -> None:
    problem = parse_plugin_host(raw)
    assert isinstance(problem, PluginHostProblem)
    assert problem.reason == reason
    assert named in problem.detail


@pytest.mark.parametrize("key", sorted(_LINES))
def test_each_key_is_needed_and_not_empty(key: str) -> None:
    missing = parse_plugin_host(_raw(**{key: None}))
    assert isinstance(missing, PluginHostProblem)
    assert missing.reason == "missing-key"
    assert key in missing.detail
    empty = parse_plugin_host(_raw(**{key: ""}))
    assert isinstance(empty, PluginHostProblem)
    assert key in empty.detail


def test_a_default_section_lends_nothing() -> None:
    raw = b"[DEFAULT]\ntimeoutInSeconds = 9\n" + _raw(timeoutInSeconds=None)
    problem = parse_plugin_host(raw)
    assert isinstance(problem, PluginHostProblem)
    assert problem.reason == "missing-key"


@pytest.mark.parametrize("value", ["-1", "1.5", "x", "1_0", "+3", "٣", "0x10", "10 20", "1\n 2"])
@pytest.mark.parametrize("key", ["timeoutInSeconds", "numberOfPlugins"])
def test_what_is_no_whole_number(key: str, value: str) -> None:
    problem = parse_plugin_host(_raw(**{key: value}))
    assert isinstance(problem, PluginHostProblem)
    assert problem.reason == "not-a-number"
    assert key in problem.detail


def test_a_long_value_is_shown_by_its_beginning() -> None:
    problem = parse_plugin_host(_raw(timeoutInSeconds="x" * 100))
    assert isinstance(problem, PluginHostProblem)
    assert f"'{'x' * 40}'" in problem.detail


def test_zero_is_too_little() -> None:
    timeout = parse_plugin_host(_raw(timeoutInSeconds="0"))
    assert isinstance(timeout, PluginHostProblem)
    assert "timeoutInSeconds" in timeout.detail
    count = parse_plugin_host(_raw(numberOfPlugins="000"))
    assert isinstance(count, PluginHostProblem)
    assert count.reason == "no-plugin"


def test_a_huge_timeout_is_just_large() -> None:
    host = parse_plugin_host(_raw(timeoutInSeconds="9" * 100_000))
    assert isinstance(host, PluginHost)
    assert host.timeout == 10**18
    assert parse_plugin_host(_raw(timeoutInSeconds="9" * 19)) == host
    exact = parse_plugin_host(_raw(timeoutInSeconds="0" * 50 + "9" * 18))
    assert isinstance(exact, PluginHost)
    assert exact.timeout == 10**18 - 1


@given(st.binary(max_size=200))
def test_any_bytes_have_a_judgement(raw: bytes) -> None:
    assert isinstance(parse_plugin_host(raw), PluginHost | PluginHostProblem)


@given(st.text("[]=:;#%prest_o0\n\t aN\r\x0b\x1c\x85", max_size=60))
def test_any_near_ini_text_has_a_judgement(text: str) -> None:
    for raw in (text.encode(), b"[pre_post]\n" + text.encode(), _raw() + text.encode()):
        assert isinstance(parse_plugin_host(raw), PluginHost | PluginHostProblem)
