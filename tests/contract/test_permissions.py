"""Who may own and change the files: judgements over what stat showed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.contract.errors import ErrorName
from harness.contract.permissions import (
    DirFacts,
    FileFacts,
    configured,
    judge_config_file,
    judge_plugin_host_file,
    judge_script,
    judge_script_found,
    judge_script_permission,
)

_DIRS = (DirFacts("/", 0, 0o755), DirFacts("/opt", 0, 0o755))
_CONFIG = FileFacts("/opt/config", mode=0o600, directories=_DIRS)
_SCRIPT = FileFacts("/opt/pre", mode=0o700, directories=_DIRS)
_HOST = FileFacts("/opt/host", mode=0o644, directories=_DIRS)
_GONE = FileFacts("/opt/x", exists=False, kind="")
_LINK = FileFacts("/opt/x", exists=False, dangling=True, kind="")
_MODES = st.integers(0, 0o7777)


def test_good_files_have_no_finding() -> None:
    assert judge_config_file(_CONFIG) is None
    assert judge_script("pre", _SCRIPT) is None
    assert judge_script("post", _SCRIPT) is None
    assert judge_plugin_host_file(_HOST) is None


def test_a_dangling_link_is_no_absence() -> None:
    assert not configured(_GONE)
    assert configured(_LINK)
    assert configured(_CONFIG)
    finding = judge_config_file(_LINK)
    assert finding is not None
    assert (finding.name, finding.reason) == (ErrorName.INCORRECT_CONFIG, "dangling")


@pytest.mark.parametrize("mode", [0o601, 0o610, 0o604, 0o644, 0o660, 0o666, 0o700, 0o4600, 0o1600])
def test_a_config_wider_than_600(mode: int) -> None:
    for strict in (True, False):
        finding = judge_config_file(_CONFIG._replace(mode=mode), strict=strict)
        assert finding is not None
        assert finding.reason == "permissions"
        assert f"{mode:03o}" in finding.detail
        assert "600" in finding.detail


@pytest.mark.parametrize("mode", [0o400, 0o200, 0o000])
def test_a_config_narrower_than_600_is_refused_in_strict_only(mode: int) -> None:
    finding = judge_config_file(_CONFIG._replace(mode=mode))
    assert finding is not None
    assert finding.reason == "permissions"
    assert judge_config_file(_CONFIG._replace(mode=mode), strict=False) is None


def test_a_config_of_another_user_or_kind() -> None:
    owner = judge_config_file(_CONFIG._replace(uid=1000))
    assert owner is not None
    assert owner.reason == "permissions"
    assert "1000" in owner.detail
    assert judge_config_file(_CONFIG._replace(gid=1000)) is None
    folder = judge_config_file(_CONFIG._replace(kind="dir"))
    assert folder is not None
    assert folder.reason == "permissions"
    assert "a directory" in folder.detail


@pytest.mark.parametrize("kind", ["dir", "fifo", "char", "block", "socket", ""])
def test_a_config_that_is_no_regular_file(kind: str) -> None:
    finding = judge_config_file(_CONFIG._replace(kind=kind))
    assert finding is not None
    assert (finding.name, finding.reason) == (ErrorName.INCORRECT_CONFIG, "permissions")
    assert "no regular file" in finding.detail


@pytest.mark.parametrize("which", ["pre", "post"])
def test_a_script_of_another_user(which: str) -> None:
    # Its mode is wrong as well: the owner is told first.
    finding = judge_script(which, _SCRIPT._replace(uid=1000, mode=0o777))
    assert finding is not None
    assert finding.name.value == f"InsufficientPermissionfor{which.capitalize()}-Script"
    assert finding.reason == "owner"
    assert "1000" in finding.detail
    assert judge_script(which, _SCRIPT._replace(gid=1000)) is None


def test_what_stat_shows_where_nothing_is_told() -> None:
    assert FileFacts("/x") == FileFacts("/x", True, False, "file", 0, 0, 0, "", ())


@pytest.mark.parametrize("which", ["pre", "post"])
@pytest.mark.parametrize("mode", [0o600, 0o500, 0o000, 0o701, 0o710, 0o750, 0o755, 0o777])
def test_a_script_with_any_other_mode(which: str, mode: int) -> None:
    finding = judge_script(which, _SCRIPT._replace(mode=mode))
    assert finding is not None
    assert finding.name.value == f"InsufficientPermissionfor{which.capitalize()}-Script"
    assert finding.reason == "permissions"
    assert f"{mode:03o}" in finding.detail


@pytest.mark.parametrize("bits", [0o4000, 0o2000, 0o1000, 0o7000])
def test_special_bits_are_refused(bits: int) -> None:
    finding = judge_script("pre", _SCRIPT._replace(mode=0o700 | bits))
    assert finding is not None
    assert finding.reason == "special-bits"


@pytest.mark.parametrize("mode", [0o4755, 0o4701, 0o2600, 0o1770, 0o7000])
def test_special_bits_on_top_of_another_mode_are_one_more_wrong_mode(mode: int) -> None:
    finding = judge_script("pre", _SCRIPT._replace(mode=mode))
    assert finding is not None
    assert finding.reason == "permissions"
    assert f"{mode:03o}" in finding.detail


@pytest.mark.parametrize("kind", ["dir", "fifo", "char", "block", "socket"])
def test_a_script_that_is_no_regular_file_is_not_found(kind: str) -> None:
    # Its mode and owner are wrong as well: found is judged first.
    finding = judge_script("post", _SCRIPT._replace(kind=kind, uid=5, mode=0o777))
    assert finding is not None
    assert (finding.name, finding.reason) == (ErrorName.POST_NOT_FOUND, "not-regular")


def test_a_script_that_is_not_there() -> None:
    for facts, what in ((_GONE, "does not exist"), (_LINK, "leads nowhere")):
        finding = judge_script_found("pre", facts)
        assert finding is not None
        assert (finding.name, finding.reason) == (ErrorName.PRE_NOT_FOUND, "absent")
        assert "/opt/x" in finding.detail
        assert what in finding.detail


@pytest.mark.parametrize(
    ("directory", "named"),
    [
        (DirFacts("/opt", 1000, 0o755), "1000"),
        (DirFacts("/opt", 0, 0o775), "775"),
        (DirFacts("/opt", 0, 0o757), "757"),
        (DirFacts("/tmp", 0, 0o1777), "1777"),
    ],
)
def test_a_directory_that_others_may_write_to(directory: DirFacts, named: str) -> None:
    dirs = (DirFacts("/", 0, 0o755), directory)
    config = judge_config_file(_CONFIG._replace(directories=dirs))
    script = judge_script_permission("pre", _SCRIPT._replace(directories=dirs))
    assert config is not None
    assert (config.name, config.reason) == (ErrorName.INCORRECT_CONFIG, "directory")
    assert script is not None
    assert (script.name, script.reason) == (ErrorName.PRE_PERMISSION, "directory")
    assert directory.path in script.detail
    assert named in script.detail
    assert judge_plugin_host_file(_HOST._replace(directories=dirs)) is None


def test_the_plugin_host_file() -> None:
    for mode in (0o600, 0o644, 0o755, 0o444, 0o4644):
        assert judge_plugin_host_file(_HOST._replace(mode=mode)) is None
    for bad in (
        _HOST._replace(mode=0o664),
        _HOST._replace(mode=0o646),
        _HOST._replace(uid=1),
        *(_HOST._replace(kind=kind) for kind in ("dir", "fifo", "char", "block", "socket")),
        _LINK,
    ):
        finding = judge_plugin_host_file(bad)
        assert finding is not None
        assert finding.name is ErrorName.INCORRECT_PLUGIN_HOST


@given(_MODES)
def test_exactly_one_mode_is_good_for_each_file(mode: int) -> None:
    assert (judge_config_file(_CONFIG._replace(mode=mode)) is None) == (mode == 0o600)
    assert (judge_script("pre", _SCRIPT._replace(mode=mode)) is None) == (mode == 0o700)


@given(_MODES)
def test_outside_strict_nobody_but_root_gains_anything(mode: int) -> None:
    taken = judge_config_file(_CONFIG._replace(mode=mode), strict=False) is None
    assert taken == (mode & ~0o600 == 0)


@given(_MODES, st.integers(0, 2**32 - 2))
def test_a_directory_is_good_iff_only_root_may_write(mode: int, uid: int) -> None:
    facts = _SCRIPT._replace(directories=(DirFacts("/opt", uid, mode),))
    safe = uid == 0 and not mode & 0o022
    assert (judge_script_permission("post", facts) is None) == safe
