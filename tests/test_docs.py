"""What README and docs name is there: commands, options, make targets, files."""

from __future__ import annotations

import contextlib
import re
import shlex
from pathlib import Path

import click
import pytest

from harness.cli import cli, reference

ROOT = Path(__file__).resolve().parent.parent
PAGES = [
    ROOT / "README.md",
    ROOT / "ARCHITECTURE.md",
    ROOT / "reports" / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
#: Words that stand for what a user fills in.
PLACES = {
    "BASE": "base.jsonl",
    "CERTIFICATE": "certificate.json",
    "DIR": "reports/none",
    "EXPR": "x",
    "FILE": "results.jsonl",
    "FOLDER": "ledger",
    "KIT": "ledger",
    "NEW": "new.jsonl",
    "NAME": "FBK-01",
    "PUB": "vendor.key.pub",
    "RESULTS": "results.jsonl",
    "RUN": "run",
}


def commands(word: str) -> list[tuple[str, str]]:
    """(page, command) for each command that begins with `word`, in code of any page."""
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        blocks = re.findall(r"```[a-z]*\n(.*?)```", text, flags=re.DOTALL)
        lines = [line for block in blocks for line in block.splitlines()]
        lines += re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
        for line in lines:
            command = re.split(r"#| >>? ", line)[0].strip()
            # The reference names commands in their own words, without arguments.
            if command.startswith(f"{word} ") and page.name != "commands.md":
                found.append((str(page.relative_to(ROOT)), command))
    return list(dict.fromkeys(found))


@pytest.mark.parametrize(("page", "command"), commands("snapcert"))
def test_every_command_is_understood(page: str, command: str) -> None:
    """The parser takes it: the subcommand, its options and their values."""
    words = [PLACES.get(word, word) for word in shlex.split(command)[1:]]
    subcommand = cli.get_command(click.Context(cli), words[0])
    assert subcommand is not None, f"{page}: there is no snapcert {words[0]}"
    with contextlib.suppress(click.exceptions.Exit):  # one that prints and ends
        context = subcommand.make_context(words[0], words[1:], resilient_parsing=False)
        assert context.args == []


@pytest.mark.parametrize("name", reference.PAGES)
def test_a_page_of_reference_is_that_of_the_code(name: str) -> None:
    """Else `make pages` writes it again."""
    there = (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")
    assert there == reference.PAGES[name]()


@pytest.mark.parametrize(("page", "command"), commands("make"))
def test_every_make_target_is_there(page: str, command: str) -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    for word in shlex.split(command)[1:]:
        assert "=" in word or word in targets, f"{page}: make has no {word}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_and_folder_is_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#]+)\)", text)
    folders = re.findall(
        r"`((?:harness|scenarios|fixtures|tests|bench|docs|setup)/[\w./-]*)`", text
    )
    for link in links:
        if "://" not in link:
            assert (page.parent / link).exists(), f"{page.name} links to {link}"
    for folder in folders:
        path = folder.replace("test_AREA.py", "test_thaw.py").replace("AREA.py", "files.py")
        assert (ROOT / path).exists(), f"{page.name} names {folder}"


def test_the_first_two_commands_of_the_readme() -> None:
    """A stranger meets `make certify`, then `make test`, before anything else."""
    assert [command for page, command in commands("make") if page == "README.md"][:2] == [
        "make certify",
        "make test",
    ]
