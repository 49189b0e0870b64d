"""What a run left to be read: words are found wherever a person could find them."""

from __future__ import annotations

from typing import cast

from harness.history import GuestState
from harness.machines.guest import Guest
from harness.targets.reviewable import words_left, written

BEFORE = GuestState(0.0, files={"/var/log/a": "-rw------- 0:0 5", "/etc/b": "-rw------- 0:0 5"})
AFTER = GuestState(
    1.0,
    files={
        "/var/log/a": "-rw------- 0:0 9",
        "/etc/b": "-rw------- 0:0 5",
        "/var/log/new": "-rw------- 0:0 7",
        "/var/log/empty": "-rw------- 0:0 0",
        "/var/lib/x": "drwx------ 0:0 0",
        "/var/lib/link": "lrwxrwxrwx 0:0 4",
    },
)


class Files:
    """A guest that has files only."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files
        self.read_paths: list[str] = []

    def read(self, path: str, *, limit: int, tail: bool) -> bytes | None:
        assert tail
        self.read_paths.append(path)
        content = self.files.get(path)
        return None if content is None else content[-limit:]


def left(sought: tuple[str, ...], files: dict[str, bytes], *texts: bytes) -> tuple[str, ...]:
    return words_left(sought, cast(Guest, Files(files)), BEFORE, AFTER, texts)


def test_only_files_that_the_run_wrote_are_read() -> None:
    assert list(written(BEFORE, AFTER)) == ["/var/log/a", "/var/log/new"]
    assert left(("old",), {"/etc/b": b"old"}) == ()


def test_words_are_found_in_texts_and_files() -> None:
    files = {"/var/log/a": b"| one\n", "/var/log/new": b"\xff\0two"}
    assert left(("one", "two", "three", "four"), files, b"", b'"three\\n"') == (
        "one",
        "two",
        "three",
    )


def test_a_file_that_is_gone_by_then_says_nothing() -> None:
    assert left(("one",), {}) == ()


def test_nothing_is_read_where_nothing_is_sought() -> None:
    guest = Files({"/var/log/a": b"one"})
    assert words_left((), cast(Guest, guest), BEFORE, AFTER, (b"one",)) == ()
    assert guest.read_paths == []
