"""What README and docs name is there: commands, options, make targets, files."""

from __future__ import annotations

import contextlib
import re
import shlex
from pathlib import Path

import click
import pytest

from harness.certify.clauses import CLAUSES
from harness.cli import cli, reference
from harness.contract.clauses import CATALOGUE, RULES
from tests.documents.pages import PAGES, ROOT, commands

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


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_clause_and_scenario_is_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    areas = "|".join(sorted({rule.partition("-")[0] for rule in (*RULES, "KIT")}))
    for name in re.findall(rf"\b(?:{areas})-\d+[a-z]?\.[a-z][a-z0-9-]*", text):
        assert name in CATALOGUE or name in CLAUSES, f"{page.name} names {name}"
    files = list(ROOT.glob("scenarios/**/*.py"))
    code = "".join(file.read_text(encoding="utf-8") for file in files)
    for selection in re.findall(r"conform [^`]*-k ([^`\n]+)", text):
        for name in re.findall(r"test_\w+", selection):
            there = f"def {name}(" in code or name in {file.stem for file in files}
            assert there, f"{page.name} selects {name}"


def test_the_first_two_commands_of_the_readme() -> None:
    """A stranger meets `make certify`, then `make test`, before anything else."""
    assert [command for page, command in commands("make") if page == "README.md"][:2] == [
        "make certify",
        "make test",
    ]
