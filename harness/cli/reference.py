"""The pages of reference: the command line, read off the parser, and the rules, off the catalogue.

`make pages` writes them into docs/.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import click

from harness.certify import clauses
from harness.certify.lint.rules import CLAUSE_OF, TEXT_OF
from harness.cli import cli
from harness.contract.clauses import RULES, TITLES, rule
from harness.contract.errors import ERRORS
from harness.contract.rulesets import RULESETS, binding

_COMMANDS = """\
# The command line

Each command of `snapcert` with its options, read off the parser by `make pages`. Every command
also takes `--help`. The exit codes are in [the README](../README.md#what-you-can-ask).
"""


_RULES = """\
# The rules

Each clause that is checked, with its basis: `seed` is the article of 2017, `config-readme` the
vendor's read-me of the config file, `vendor-doc` the vendor's current article, `project` this
project, where they are silent. The last column has the rule sets in which it binds. `snapcert
explain NAME` says the same of a rule, a clause or an error, with the source and what it means where
it is broken. At the end stand what is asked of [kits](#kits), and the
[findings of level 1](#findings-of-level-1). Written by `make pages`.
"""

_KITS = """\
## Kits

What certification asks of a kit beyond the clauses above, by level; each always binds. Level 3 asks
for `APP-01` and `FBK-07`.
"""

_LINT = """\
## Findings of level 1

What `lint` names in brackets, and the clause of which it speaks: an error breaks it, a warning is
shown only. Names of the contract's rules are explained above; those that begin with SC are
ShellCheck's own, of `KIT-1.shellcheck`.
"""


def commands() -> str:
    """docs/commands.md."""
    context = click.Context(cli, info_name="snapcert")
    parts = [_COMMANDS]
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        assert command is not None
        parts.append(_section(name, command, context))
    return "\n".join(parts)


def rules() -> str:
    """docs/rules.md."""
    parts = [_RULES]
    for identity in RULES:
        lines = [f"## {identity}: {TITLES[identity]}", ""]
        lines += ["| clause | what it says | basis | binds in |", "| --- | --- | --- | --- |"]
        for clause in rule(identity):
            where = ", ".join(name for name in RULESETS if binding(clause, name)) or "none"
            cells = (f"`{clause.id}`", _cell(clause.text), clause.basis, where)
            lines.append("| " + " | ".join(cells) + " |")
        parts.append("\n".join([*lines, ""]))
    return "\n".join([*parts, _errors(), *_kits(), _findings()])


def _errors() -> str:
    lines = ["## Errors", "", "| name | meaning | what to do |", "| --- | --- | --- |"]
    for error in ERRORS.values():
        cells = (f"`{error.name.value}`", _cell(error.message), _cell(error.action))
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join([*lines, ""])


def _kits() -> Iterator[str]:
    yield _KITS
    for identity, title in clauses.TITLES.items():
        lines = [f"### {identity}: {title}", ""]
        lines += ["| clause | what it says | where it does not hold |", "| --- | --- | --- |"]
        for clause in clauses.clauses_of(identity):
            cells = (f"`{clause.id}`", _cell(clause.text), _cell(clause.consequence))
            lines.append("| " + " | ".join(cells) + " |")
        yield "\n".join([*lines, ""])


def _findings() -> str:
    lines = [_LINT, "| name | what was found | clause |", "| --- | --- | --- |"]
    for name, text in TEXT_OF.items():
        lines.append(f"| `{name}` | {_cell(text)} | `{CLAUSE_OF[name]}` |")
    return "\n".join([*lines, ""])


PAGES = {"commands": commands, "rules": rules}


def _section(name: str, command: click.Command, parent: click.Context) -> str:
    context = click.Context(command, info_name=name, parent=parent)
    usage = " ".join(command.collect_usage_pieces(context))
    words = " ".join((command.help or "").split("\n\n")[0].split())
    lines = [f"## {name}", "", f"{words}", "", f"`{name} {usage}`", ""]
    rows = [
        record
        for parameter in command.get_params(context)
        if not (isinstance(parameter, click.Option) and "--help" in parameter.opts)
        and (record := parameter.get_help_record(context)) is not None
        and record[1]
    ]
    if rows:
        lines += ["| option | meaning |", "| --- | --- |"]
        lines += [f"| `{_cell(option)}` | {_cell(meaning)} |" for option, meaning in rows]
        lines.append("")
    return "\n".join(lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(PAGES[sys.argv[1]]())
