"""Loading a kit: what is right is read, what is wrong is named with its place and remedy."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from harness.certify.kit import load_kit
from harness.contract.config import Config
from harness.machines.layout import SMALLEST
from harness.problem import UsageProblem

from .conftest import MANIFEST, WriteKit

BUNDLED = Path(__file__).parents[2] / "fixtures" / "kits"


def problem_of(folder: Path) -> UsageProblem:
    with pytest.raises(UsageProblem) as caught:
        load_kit(folder)
    assert caught.value.exit_code == 4
    assert caught.value.remedy
    return caught.value


def test_patience_is_with_the_commands_of_the_application(write_kit: WriteKit) -> None:
    kit = load_kit(write_kit())
    patient = kit.patient(2.5).manifest.commands
    for name, command in vars(kit.manifest.commands).items():
        more = getattr(patient, name)
        assert (more is None) == (command is None)
        if command is not None:
            assert more == replace(command, deadline=command.deadline * 2.5)
    assert kit.patient(1.0) == kit


def test_everything_of_a_kit_is_read(write_kit: WriteKit) -> None:
    kit = load_kit(write_kit())
    manifest = kit.manifest
    assert (manifest.name, manifest.vendor, manifest.version) == ("sample", "tests", "1")
    assert manifest.packages == ("python3",)
    (disk,) = manifest.layout.disks
    assert (disk.mountpoint, disk.filesystem, disk.size) == ("/srv/sample", "ext4", 64 * 1024**2)
    assert manifest.stops_writes
    assert manifest.commands.start.user == "daemon"
    assert manifest.commands.start.deadline == 5
    assert manifest.commands.verify.user == "root"
    assert manifest.commands.init is None
    assert manifest.scripts.pre_mode == 0o700
    assert (
        manifest.layout.network == "none"
    )  # its own loopback: a restore must not meet the original
    assert isinstance(kit.config, Config)
    assert kit.pre.content.startswith(b"#!/bin/sh")


@pytest.mark.parametrize("folder", sorted(BUNDLED.iterdir()), ids=lambda folder: folder.name)
def test_the_bundled_kits_load(folder: Path) -> None:
    kit = load_kit(folder)
    assert kit.name == folder.name
    assert isinstance(kit.config, Config)
    assert (folder / "README.md").is_file()
    for command in (kit.manifest.commands.start, kit.manifest.commands.verify):
        assert kit.files[command.argv[0].removeprefix("/opt/kit/")].executable


def test_a_shebang_is_as_good_as_an_execute_bit(write_kit: WriteKit) -> None:
    kit = load_kit(write_kit())
    assert kit.pre.executable
    assert not kit.config_file.executable


def test_the_digest_follows_the_content(write_kit: WriteKit) -> None:
    folder = write_kit()
    before = load_kit(folder).digest
    assert load_kit(folder).digest == before
    (folder / "pre.sh").write_text("#!/bin/sh\nexit 0\n")
    assert load_kit(folder).digest != before


def test_hidden_files_and_byte_code_are_no_part(write_kit: WriteKit) -> None:
    kit = load_kit(write_kit(files={".git/config": "x", "bin/__pycache__/a.pyc": "x", "bin/a": ""}))
    assert set(kit.files) == {"kit.toml", "config.json", "pre.sh", "post.sh", "bin/a"}


def layout_of(folder: Path, base: str) -> Path:
    """A kit beside `folder` with nothing of its own but a kit.toml."""
    layout = folder.parent / "layout"
    layout.mkdir()
    head = f'name = "layout"\nbase = "{base}"'
    (layout / "kit.toml").write_text(MANIFEST.replace('name = "sample"', head))
    return layout


def test_a_base_gives_the_files_that_are_not_there(write_kit: WriteKit) -> None:
    base = load_kit(write_kit(files={"bin/a": "of the base"}))
    layout = layout_of(base.folder, "../kit")
    (layout / "post.sh").write_text("#!/bin/sh\n")
    kit = load_kit(layout)
    assert (kit.name, kit.base, kit.image_name) == ("layout", "sample", "sample")
    assert set(kit.files) == set(base.files)
    assert kit.files["bin/a"] == base.files["bin/a"]
    assert kit.pre == base.pre
    assert kit.post.content == b"#!/bin/sh\n"
    assert kit.files["kit.toml"] != base.files["kit.toml"]
    assert kit.on_filesystem("xfs").patient(2.0).image_name == "sample"


def test_the_digests_follow_the_base_too(write_kit: WriteKit) -> None:
    base = write_kit()
    layout = layout_of(base, "../kit")
    before = load_kit(layout)
    (base / "pre.sh").write_text("#!/bin/sh\nexit 0\n")
    after = load_kit(layout)
    assert {path for path, digest in after.digests.items() if digest != before.digests[path]} == {
        "pre.sh"
    }
    assert after.digest != before.digest


@pytest.mark.parametrize(
    ("base", "words", "ref"),
    [
        ("../absent", "absent holds no kit.toml", "kit.base"),
        ("../../kit", "holds no kit.toml", "kit.base"),
        (".", "has a base itself", "kit.base"),
        ("../layout", "has a base itself", "kit.base"),
        ("/srv/kits/sample", "is a full path", "kit.value"),
    ],
)
def test_a_base_that_is_none(write_kit: WriteKit, base: str, words: str, ref: str) -> None:
    problem = problem_of(layout_of(write_kit(), base))
    assert words in problem.message
    assert "kit.toml:3: kit.base" in problem.message
    assert problem.ref == ref


def test_a_base_that_is_wrong_itself_is_named(write_kit: WriteKit) -> None:
    base = write_kit(MANIFEST.replace('version = "1"', "version = 1"))
    assert (
        f"{base.parent / 'layout'}/../kit/kit.toml:4"
        in problem_of(layout_of(base, "../kit")).message
    )


def test_no_image_from_the_dockerfile_of_a_base(write_kit: WriteKit) -> None:
    manifest = MANIFEST.replace('packages = ["python3"]', 'dockerfile = "Dockerfile"')
    base = write_kit(manifest, files={"Dockerfile": "FROM scratch\n"})
    layout = layout_of(base, "../kit")
    named = (layout / "kit.toml").read_text()
    (layout / "kit.toml").write_text(
        named.replace('packages = ["python3"]', 'dockerfile = "Dockerfile"')
    )
    problem = problem_of(layout)
    assert problem.ref == "kit.missing-file"
    assert "Dockerfile" in problem.message


def test_another_filesystem_gets_the_size_that_it_needs(write_kit: WriteKit) -> None:
    kit = load_kit(write_kit()).on_filesystem("xfs")
    (disk,) = kit.manifest.layout.disks
    assert disk.filesystem == "xfs"
    assert disk.size == SMALLEST["xfs"]


def test_no_folder(tmp_path: Path) -> None:
    assert "is no folder" in problem_of(tmp_path / "absent").message


def test_no_manifest(write_kit: WriteKit) -> None:
    problem = problem_of(write_kit(manifest=None))
    assert "holds no kit.toml" in problem.message
    assert problem.ref == "kit.no-manifest"


def test_no_toml(write_kit: WriteKit) -> None:
    problem = problem_of(write_kit(manifest="[kit\n"))
    assert "kit.toml is no TOML" in problem.message
    assert "line 1" in problem.message


def test_no_utf8(write_kit: WriteKit) -> None:
    folder = write_kit()
    (folder / "kit.toml").write_bytes(b'[kit]\nname = "\xff"\n')
    assert "is no UTF-8" in problem_of(folder).message


@pytest.mark.parametrize(
    ("old", "new", "line", "message", "remedy"),
    [
        ("deadline = 5", "dedline = 5", 26, "unknown key 'dedline'", "'deadline' meant"),
        ('vendor = "tests"', 'vendr = "tests"', 1, "'vendr' stands there", "a string"),
        ("[[disks]]", "[[disk]]", None, "disks: it is missing", "[[disks]]"),
        ('size = "64M"', "size = 64", 13, "64 is not a string", "64M"),
        ('size = "64M"', 'size = "64 MB"', 13, "no size", "64M"),
        ('size = "64M"', 'size = "1M"', 13, "too few for ext4", "4M"),
        ('"ext4"', '"ext5"', 12, "unknown filesystem 'ext5'", "'ext4' meant"),
        ('"/srv/sample"', '"srv"', 11, "no full path", "from /"),
        ('"/srv/sample"', '"/etc/azure"', 11, "belongs to the system", "mend"),
        ('"/srv/sample"', '"/"', 13, "too few", "1024M"),
        ("stops_writes = true", 'stops_writes = "yes"', 22, "not true or false", "true or false"),
        ("stops_writes = true", "", 20, "stops_writes: it is missing", "true or false"),
        ('["/opt/kit/start"]', '"/opt/kit/start"', 25, "not a list", "list of strings"),
        ('["/opt/kit/start"]', '["start"]', 25, "full path of a program", "no shell"),
        ("deadline = 5", "deadline = 0", 26, "no deadline", "1800"),
        ("deadline = 5", "deadline = true", 26, "not a number", "number"),
        ('pre = "pre.sh"', 'pre = "../pre.sh"', 17, "outside", "relative to its folder"),
        ('pre = "pre.sh"', 'pre = "before.sh"', 17, "'before.sh' of the kit is not there", "put"),
        ('packages = ["python3"]', 'packages = ["-y"]', 7, "no name of a Debian package", "mend"),
        ('name = "sample"', 'name = "A b"', 2, "no name", "lower-case"),
    ],
)
def test_one_thing_wrong(
    write_kit: WriteKit, old: str, new: str, line: int | None, message: str, remedy: str
) -> None:
    assert old in MANIFEST
    folder = write_kit(manifest=MANIFEST.replace(old, new, 1))
    problem = problem_of(folder)
    assert message in problem.message
    assert remedy in problem.remedy
    place = f"kit.toml:{line}:" if line else "kit.toml:"
    assert place in problem.message


def test_a_kit_that_needs_no_packages(write_kit: WriteKit) -> None:
    kit = load_kit(write_kit(manifest=MANIFEST.replace('packages = ["python3"]', "")))
    assert kit.manifest.packages == ()


def test_folders_in_which_the_application_keeps_data(write_kit: WriteKit) -> None:
    manifest = MANIFEST.replace("stops_writes", 'data = ["/var/lib/sample"]\nstops_writes')
    kit = load_kit(write_kit(manifest=manifest))
    assert kit.manifest.own_folders == ("/srv/sample", "/var/lib/sample")


def test_two_disks_must_differ(write_kit: WriteKit) -> None:
    disk = '[[disks]]\nname = "data"\nmountpoint = "/srv/other"\n\n[scripts]'
    problem = problem_of(write_kit(manifest=MANIFEST.replace("[scripts]", disk)))
    assert "two disks have the same name" in problem.message
    assert "kit.toml:16:" in problem.message


def test_a_link_out_of_the_kit_is_refused(write_kit: WriteKit, tmp_path: Path) -> None:
    folder = write_kit(files={"pre.sh": None})
    (tmp_path / "secret").write_text("#!/bin/sh\n")
    (folder / "pre.sh").symlink_to(tmp_path / "secret")
    problem = problem_of(folder)
    assert "pre.sh is a link" in problem.message
    assert problem.ref == "kit.outside"


def test_a_link_within_the_kit_is_its_target(write_kit: WriteKit) -> None:
    folder = write_kit(files={"pre.sh": None, "real.sh": "#!/bin/sh\necho real\n"})
    (folder / "pre.sh").symlink_to("real.sh")
    assert load_kit(folder).pre.content == b"#!/bin/sh\necho real\n"


def test_a_dangling_link_and_a_pipe_are_named(write_kit: WriteKit) -> None:
    folder = write_kit()
    (folder / "loose").symlink_to("nowhere")
    assert "loose cannot be read" in problem_of(folder).message
    (folder / "loose").unlink()
    os.mkfifo(folder / "pipe")
    assert "pipe is no regular file" in problem_of(folder).message


def test_a_broken_config_is_for_lint_to_say(write_kit: WriteKit) -> None:
    kit = load_kit(write_kit(files={"config.json": "{"}))
    assert not isinstance(kit.config, Config)
