"""Every mode of twelve bits, with every owner and kind, against rules read off as `ls` shows them.

Nothing is drawn here: all of it is tried. The rules are written over the ten characters of a
listing, where the judgements count bits.
"""

from __future__ import annotations

import itertools
import stat
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.contract.permissions import (
    DirFacts,
    FileFacts,
    Finding,
    judge_config_file,
    judge_plugin_host_file,
    judge_script,
)

_OWNERS = (0, 1, 1000, 65534)
_KINDS = ("file", "dir", "fifo", "char", "block", "socket")
_FOLDERS = (DirFacts("/", 0, 0o755), DirFacts("/opt", 0, 0o755))


def _listed(mode: int) -> str:
    """The nine letters after the file's kind, with s, t and their capitals for special bits."""
    return stat.filemode(stat.S_IFREG | mode)[1:]


def _script(listed: str, uid: int) -> bool:
    return listed == "rwx------" and uid == 0


def _config(listed: str, uid: int) -> bool:
    return listed == "rw-------" and uid == 0


def _config_of_others(listed: str, uid: int) -> bool:
    """Outside `strict` a narrower one is taken too (FILE-03)."""
    return listed[2:] == "-------" and uid == 0


def _plugin_host(listed: str, uid: int) -> bool:
    return listed[4] == "-" and listed[7] == "-" and uid == 0


_JUDGEMENTS: dict[str, tuple[Callable[[FileFacts], Finding | None], Callable[[str, int], bool]]] = {
    "pre-script": (lambda facts: judge_script("pre", facts), _script),
    "post-script": (lambda facts: judge_script("post", facts), _script),
    "config": (judge_config_file, _config),
    "config-of-others": (lambda facts: judge_config_file(facts, strict=False), _config_of_others),
    "plugin-host": (judge_plugin_host_file, _plugin_host),
}


@pytest.mark.parametrize(("judge", "good"), _JUDGEMENTS.values(), ids=_JUDGEMENTS)
def test_every_mode_and_owner(
    judge: Callable[[FileFacts], Finding | None], good: Callable[[str, int], bool]
) -> None:
    for mode, uid in itertools.product(range(0o10000), _OWNERS):
        facts = FileFacts("/opt/file", mode=mode, uid=uid, gid=1000, directories=_FOLDERS)
        assert (judge(facts) is None) == good(_listed(mode), uid), f"{mode:04o} of {uid}"


@pytest.mark.parametrize(("judge", "good"), _JUDGEMENTS.values(), ids=_JUDGEMENTS)
def test_nothing_but_a_regular_file_is_good(
    judge: Callable[[FileFacts], Finding | None], good: Callable[[str, int], bool]
) -> None:
    for kind, mode in itertools.product(_KINDS, (0o600, 0o700)):
        facts = FileFacts("/opt/file", kind=kind, mode=mode, directories=_FOLDERS)
        assert (judge(facts) is None) == (kind == "file" and good(_listed(mode), 0))


def test_every_mode_and_owner_of_a_folder() -> None:
    for mode, uid, place in itertools.product(range(0o10000), _OWNERS, range(2)):
        folders = list(_FOLDERS)
        folders[place] = DirFacts(folders[place].path, uid, mode)
        listed = _listed(mode)
        safe = uid == 0 and listed[4] == "-" and listed[7] == "-"
        for name, file_mode in (("pre-script", 0o700), ("config", 0o600)):
            facts = FileFacts("/opt/file", mode=file_mode, directories=tuple(folders))
            finding = _JUDGEMENTS[name][0](facts)
            assert (finding is None) == safe, f"{mode:04o} of {uid}"
            assert finding is None or finding.reason == "directory"


_facts = st.builds(
    FileFacts,
    path=st.text(max_size=5),
    exists=st.booleans(),
    dangling=st.booleans(),
    kind=st.sampled_from(("", *_KINDS)),
    mode=st.integers(0, 0o7777),
    uid=st.integers(0, 2),
    directories=st.lists(
        st.builds(DirFacts, st.text(max_size=3), st.integers(0, 1), st.integers(0, 0o7777)),
        max_size=3,
    ).map(tuple),
)


@given(_facts, st.sampled_from(sorted(_JUDGEMENTS)))
def test_a_finding_says_which_file_and_why(facts: FileFacts, name: str) -> None:
    finding = _JUDGEMENTS[name][0](facts)
    if finding is not None:
        assert facts.path in finding.detail
        assert finding.reason
    elif name != "plugin-host":
        assert facts.exists
        assert all(folder.uid == 0 for folder in facts.directories)
