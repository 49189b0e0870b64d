"""The plugin-host file against a naive reading of FILE-06, over files of every kind."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from harness.contract.pluginhost import PluginHost, PluginHostProblem, parse_plugin_host

_NUMBERS = ("timeoutInSeconds", "numberOfPlugins")
_TEXTS = ("pluginName0", "pluginPath0", "pluginConfigPath0")
_REASONS = {
    "encoding",
    "empty",
    "ini",
    "missing-section",
    "missing-key",
    "not-a-number",
    "no-plugin",
    "empty-value",
}
_digits = st.sampled_from(["0", "1", "00", "007", "1800", "1.5", "-1", "+1", "1_0", "", "٣", "x"])
_words = st.sampled_from(["", "a", "a b", "/opt/x", "%(home)s", "快照", "a;b", "a # b"])
_names = st.sampled_from([*_NUMBERS, *_TEXTS, "pluginName1", "other"])
_sections = st.sampled_from(["pre_post", "pre_post", "pre_post", "other", "PRE_POST"])


@st.composite
def _entries(draw: st.DrawFn) -> dict[str, str]:
    """Keys in any order, each with a value that is often good; now and then one is lacking."""
    entries = {}
    for key in draw(st.permutations([*_NUMBERS, *_TEXTS])):
        if draw(st.integers(0, 12)):
            good = st.just("2") if key in _NUMBERS else st.just("/opt/x")
            odd = _digits if key in _NUMBERS else _words
            entries[key] = draw(odd if draw(st.integers(0, 4)) == 0 else good)
    return entries


def _expected(section: str, entries: dict[str, str]) -> tuple[int, int] | None:
    """Timeout and number of plugins, None where the file is corrupt."""
    if section != "pre_post" or not {*_NUMBERS, *_TEXTS} <= set(entries):
        return None
    for key in _NUMBERS:
        if not entries[key] or set(entries[key]) - set("0123456789") or int(entries[key]) < 1:
            return None
    if any(not entries[key].strip() for key in _TEXTS):
        return None
    return int(entries[_NUMBERS[0]]), int(entries[_NUMBERS[1]])


@settings(max_examples=400)
@given(_sections, _entries(), st.sampled_from([" = ", "=", ": "]))
def test_a_file_is_good_or_corrupt_as_the_rule_says(
    section: str, entries: dict[str, str], equals: str
) -> None:
    text = "".join(f"{key}{equals}{value}\n" for key, value in entries.items())
    host = parse_plugin_host(f"[{section}]\n{text}".encode())
    expected = _expected(section, entries)
    if isinstance(host, PluginHost):
        assert (host.timeout, host.number_of_plugins) == expected
    else:
        assert expected is None, host


@given(
    st.binary(max_size=60)
    | st.lists(_names | _words | st.sampled_from(list("[]=:\n "))).map(
        lambda parts: "".join(parts).encode()
    )
)
def test_no_bytes_make_the_reader_raise(raw: bytes) -> None:
    host = parse_plugin_host(raw)
    if isinstance(host, PluginHostProblem):
        assert host.reason in _REASONS
        assert host.detail
