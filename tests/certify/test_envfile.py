"""The secrets of a kit: read from a private file, put where scripts can read them, never shown."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from harness.certify.application import kit_files
from harness.certify.envfile import read_secrets
from harness.certify.kit import Kit, load_kit
from harness.problem import UsageProblem

from .conftest import MANIFEST, WriteKit

TARGET = "/etc/azure/sample/secrets"
WITH_SECRETS = f'{MANIFEST}\n[secrets]\nnames = ["A", "B"]\ntarget = "{TARGET}"\n'


@pytest.fixture
def env_file(tmp_path: Path) -> Path:
    path = tmp_path / "env"
    path.touch(0o600)
    path.write_text("# a comment\n\nA=it's 'a' \"$secret\" 1\nB=b=12345678\n")
    return path


def test_what_it_holds(env_file: Path) -> None:
    secrets = read_secrets(env_file, ["A", "B"])
    assert secrets.values == {"A": "it's 'a' \"$secret\" 1", "B": "b=12345678"}
    assert "secret" not in repr(secrets).replace("Secrets", "")


def test_a_shell_reads_the_guests_file_in(env_file: Path, tmp_path: Path) -> None:
    (tmp_path / "guest").write_bytes(read_secrets(env_file, ["A", "B"]).as_file())
    argv = ["sh", "-c", '. "$1"; printf "%s|%s" "$A" "$B"', "sh", str(tmp_path / "guest")]
    said = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    assert said == "it's 'a' \"$secret\" 1|b=12345678"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("A=abcdefg1\n", "lacks B"),
        ("A=abcdefg1\nB=abcdefg2\nC=abcdefg3\n", "holds C, which the kit does not ask for"),
        ("A=abcdefg1\nA=abcdefg2\n", "env:2 gives A twice"),
        ("A\n", "env:1 is no NAME=VALUE"),
        ("export A=abcdefg1\n", "env:1 is no NAME=VALUE"),
        ("A=short1\n", "env:1: the value of A could not be kept out of reports"),
        ("A=postgresql\n", "could not be kept out of reports"),
        ("A=1234567890\n", "could not be kept out of reports"),
        ("A=abcdefg\x1b1\n", "could not be kept out of reports"),
        (b"A=\xff\n", "is no UTF-8"),
    ],
)
def test_a_file_that_is_refused(env_file: Path, text: str | bytes, words: str) -> None:
    env_file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UsageProblem) as refused:
        read_secrets(env_file, ["A", "B"])
    assert words in refused.value.message
    assert refused.value.ref == "kit.secrets"
    assert "abcdefg" not in str(refused.value)
    assert "postgresql" not in str(refused.value)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o620, 0o602])
def test_others_may_not_read_or_write_it(env_file: Path, mode: int) -> None:
    env_file.chmod(mode)
    with pytest.raises(UsageProblem, match=f"has mode {mode:o}") as refused:
        read_secrets(env_file, ["A", "B"])
    assert refused.value.remedy.startswith("chmod 600")


def test_what_is_no_file(tmp_path: Path) -> None:
    for path, words in ((tmp_path / "none", "cannot be read"), (Path("/dev/null"), "no regular")):
        with pytest.raises(UsageProblem, match=words):
            read_secrets(path, ["A"])


def kit_with(write_kit: WriteKit, env_file: Path) -> Kit:
    return load_kit(write_kit(WITH_SECRETS)).with_secrets(env_file)


def test_a_guest_gets_them_in_a_file_of_root_alone(write_kit: WriteKit, env_file: Path) -> None:
    kit = kit_with(write_kit, env_file)
    (file,) = (file for file in kit_files(kit) if file.path == TARGET)
    assert file.on_wire()["mode"] == "0600"
    assert file.content == kit.secrets.as_file()
    assert "12345678" not in repr(kit)


def test_they_are_no_part_of_the_kit(write_kit: WriteKit, env_file: Path) -> None:
    """Neither of its digest, nor of what a certificate names."""
    kit = kit_with(write_kit, env_file)
    assert kit.digest == load_kit(kit.folder).digest
    assert kit.on_filesystem("xfs").patient(2.0).secrets == kit.secrets


def test_they_are_asked_for(write_kit: WriteKit, env_file: Path) -> None:
    with pytest.raises(UsageProblem, match="needs secrets: A, B"):
        load_kit(write_kit(WITH_SECRETS)).with_secrets(None)


def test_what_nobody_asked_for_is_not_taken(write_kit: WriteKit, env_file: Path) -> None:
    with pytest.raises(UsageProblem, match="asks for no secrets"):
        load_kit(write_kit()).with_secrets(env_file)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ('names = []\ntarget = "/etc/x"', "secrets.names"),
        ('names = ["A", "A"]\ntarget = "/etc/x"', "secrets.names"),
        ('names = ["a b"]\ntarget = "/etc/x"', "'a b' is no name of a variable"),
        ('names = ["A"]', "secrets.target"),
        ('names = ["A"]\ntarget = "etc/x"', "secrets.target"),
        ('names = ["A"]\ntarget = "/opt/kit/x"', "belongs to the system or to the suite"),
        ('names = ["A"]\ntarget = "/etc/x"\nfile = "env"', "unknown key 'file'"),
    ],
)
def test_a_table_that_is_wrong(write_kit: WriteKit, table: str, words: str) -> None:
    with pytest.raises(UsageProblem) as refused:
        load_kit(write_kit(f"{MANIFEST}\n[secrets]\n{table}\n"))
    assert words in refused.value.message
