"""Files that are put are there as ordered, at once and whole."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from harness.machines.acl import encode_acl
from harness.machines.agent import files
from harness.machines.agent.problem import AgentProblem
from harness.machines.agent.wire import Code, pack, unpack

_OWNER = {"uid": os.getuid(), "gid": os.getgid()}


def _put(path: Path, **given: Any) -> None:
    files.put([{"path": str(path), **_OWNER, **given}])


def test_a_file_its_mode_and_its_folders(tmp_path: Path) -> None:
    path = tmp_path / "etc" / "azure" / "pre.sh"
    _put(path, content_b64=pack(b"#!/bin/sh\n"), mode="4700")
    answer = files.read({"path": str(path)})
    assert unpack(answer["content_b64"]) == b"#!/bin/sh\n"
    assert (answer["kind"], answer["mode"], answer["size"]) == ("file", "4700", 10)
    assert files.look({"path": str(path.parent)})["mode"] == "0755"


def test_a_file_takes_the_place_of_another_by_a_new_inode(tmp_path: Path) -> None:
    path = tmp_path / "file"
    _put(path, content_b64=pack(b"old"))
    before = path.stat().st_ino
    with path.open() as held:
        _put(path, content_b64=pack(b"new"))
        assert held.read() == "old"
    assert path.stat().st_ino != before
    assert sorted(tmp_path.iterdir()) == [path]


def test_a_mode_that_is_not_given_stays_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "file"
    _put(path)
    assert files.look({"path": str(path)})["mode"] == "0644"
    path.chmod(0o4750)
    _put(path, content_b64=pack(b"new"))
    assert files.look({"path": str(path)})["mode"] == "4750"


def test_the_other_kinds(tmp_path: Path) -> None:
    _put(tmp_path / "link", kind="symlink", target="/nowhere")
    _put(tmp_path / "fifo", kind="fifo", mode="0600")
    _put(tmp_path / "socket", kind="socket", mode="0660")
    _put(tmp_path / "dir", kind="dir", mode="0700")
    names = ("link", "fifo", "socket", "dir")
    looked = {name: files.look({"path": str(tmp_path / name)}) for name in names}
    assert {name: facts["kind"] for name, facts in looked.items()} == {
        "link": "symlink",
        "fifo": "fifo",
        "socket": "socket",
        "dir": "dir",
    }
    assert looked["link"]["target"] == "/nowhere"
    assert (looked["fifo"]["mode"], looked["socket"]["mode"]) == ("0600", "0660")
    with pytest.raises(AgentProblem) as absent:
        files.look({"path": str(tmp_path / "link"), "follow": True})
    assert absent.value.code == Code.ABSENT


def test_an_access_control_list_comes_last(tmp_path: Path) -> None:
    path = tmp_path / "script"
    widened = encode_acl("user::rwx,user:1000:rwx,group::---,mask::rw-,other::---")
    _put(path, content_b64="", mode="0700", acl_b64=pack(widened))
    assert os.getxattr(path, "system.posix_acl_access") == widened
    assert files.look({"path": str(path)})["mode"] == "0760"


def test_a_file_takes_the_place_of_a_folder_and_is_taken_away(tmp_path: Path) -> None:
    place = tmp_path / "place"
    (place / "deep").mkdir(parents=True)
    (place / "deep" / "file").write_text("x")
    _put(place, content_b64="")
    assert place.is_file()
    _put(place, kind="absent")
    _put(place, kind="absent")
    assert not place.exists()


def test_an_unknown_kind_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(AgentProblem) as refused:
        _put(tmp_path / "x", kind="door")
    assert refused.value.code == Code.BAD_REQUEST
    assert list(tmp_path.iterdir()) == []


def test_parts_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"0123456789")
    begin = files.read({"path": str(path), "limit": 3})
    end = files.read({"path": str(path), "limit": 3, "tail": True})
    assert unpack(begin["content_b64"]) == b"012"
    assert unpack(end["content_b64"]) == b"789"
    assert begin["size"] == end["size"] == 10


def test_a_list_leaves_out_what_it_is_told_to(tmp_path: Path) -> None:
    for name in ("a/b/c", "a/x", "d/e"):
        _put(tmp_path / name, content_b64=pack(b"12"), mode="0640")
    found = files.list_files(
        [str(tmp_path)], [str(tmp_path / "a" / "b"), str(tmp_path / "d") + "/"]
    )
    assert sorted(path[len(str(tmp_path)) :] for path in found) == ["/a", "/a/x"]
    assert found[f"{tmp_path}/a/x"] == f"-rw-r----- {os.getuid()}:{os.getgid()} 2"


def test_names_that_are_no_text(tmp_path: Path) -> None:
    odd = os.fsencode(tmp_path) + b"/\xff"
    files.put([{"path": odd.decode("utf-8", "surrogateescape"), "content_b64": "", **_OWNER}])
    assert [os.fsencode(path) for path in tmp_path.iterdir()] == [odd]
    (name,) = files.list_files([str(tmp_path)], [])
    assert name.encode("utf-8", "surrogateescape") == odd
