"""A kit's folder that means harm: refused before anything of it is used, in words that are safe."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.certify.kit import load_kit
from harness.certify.lint import lint
from harness.cli import main
from harness.problem import UsageProblem

from .conftest import MANIFEST, WriteKit

PAINT = "\x1b]0;owned\x07\x1b[2J\u202e<b>evil"

Spoil = Callable[[Path], object]


@pytest.mark.parametrize(
    ("spoil", "ref"),
    [
        (lambda kit: (kit / "a").symlink_to("/etc/shadow"), "kit.outside"),
        (lambda kit: (kit / "a").symlink_to("../../../etc/passwd"), "kit.outside"),
        (lambda kit: (kit / "a").symlink_to("/proc/self/environ"), "kit.outside"),
        (lambda kit: (kit / "a").symlink_to("/etc"), "kit.outside"),
        (lambda kit: (kit / "a").symlink_to("b") or (kit / "b").symlink_to("a"), "kit.unreadable"),
        (lambda kit: (kit / "a").symlink_to("nowhere"), "kit.unreadable"),
        (lambda kit: os.mkfifo(kit / "a"), "kit.special-file"),
        (lambda kit: (kit / "bin").mkdir() or (kit / "bin" / "a").symlink_to("/dev/zero"),
         "kit.outside"),
        (lambda kit: (kit / "a").touch() or os.truncate(kit / "a", 1 << 40), "kit.too-large"),
        (lambda kit: (kit / "pre.sh").unlink() or (kit / "pre.sh").symlink_to("/etc/shadow"),
         "kit.outside"),
    ],
    ids=["file", "way out", "proc", "folder", "loop", "dangling", "fifo", "device", "huge", "pre"],
)  # fmt: skip
def test_a_folder_that_is_refused(write_kit: WriteKit, spoil: Spoil, ref: str) -> None:
    folder = write_kit()
    spoil(folder)
    with pytest.raises(UsageProblem) as refused:
        load_kit(folder)
    assert refused.value.ref == ref
    assert str(folder) in refused.value.message


def test_a_link_within_the_folder_is_a_file(write_kit: WriteKit) -> None:
    folder = write_kit()
    (folder / "again.sh").symlink_to("pre.sh")
    assert load_kit(folder).files["again.sh"].content == (folder / "pre.sh").read_bytes()


def test_names_that_are_no_text(write_kit: WriteKit) -> None:
    """They are files like others: judged, named by their digests, shown as escapes."""
    folder = write_kit()
    for name in (b"\xff\xfe.sh", PAINT.encode(), b"a\nb.sh"):
        (folder / os.fsdecode(name)).write_bytes(b"#!/bin/sh\ncd /srv\n")
    kit = load_kit(folder)
    assert len(kit.digest) == 64
    assert len([finding for finding in lint(kit) if finding.rule == "SC2164"]) == 3


@pytest.mark.parametrize(
    "write",
    [
        lambda kit: (kit / PAINT).symlink_to("/etc/shadow"),
        lambda kit: (kit / "kit.toml").write_text(
            MANIFEST.replace('"ext4"', f'"{PAINT}"'.replace("\x1b", "\\u001b").replace("\x07", ""))
        ),
    ],
    ids=["a file's name", "a value of kit.toml"],
)
def test_what_is_said_of_it_paints_nothing(
    write_kit: WriteKit, write: Spoil, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_kit()
    write(folder)
    with pytest.raises(SystemExit) as ended:
        main(["certify", str(folder), "--level", "1"])
    said = capsys.readouterr()
    assert ended.value.code == 4
    assert "evil" in said.err
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", said.out + said.err)
