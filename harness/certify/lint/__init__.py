"""Level 1: what can be said of a kit without running it; no engine, under a second.

One module an idea: the config and the modes by the contract's own judgement (`config`); what breaks
scripts in the field, encodings, line endings, a missing interpreter (`starting`, `interpreter`);
what ShellCheck says; and what is read off the commands of a shell script: a PATH that executors do
not give (`path`), secrets that others can read (`exposure`), a freeze that nobody undoes
(`undoing`).
"""

from __future__ import annotations

from harness.certify.kit import Kit
from harness.certify.lint.config import config_findings, permission_findings
from harness.certify.lint.exposure import exposure_findings
from harness.certify.lint.finding import LintFinding, Severity
from harness.certify.lint.interpreter import interpreter_findings, shell_files
from harness.certify.lint.path import path_findings
from harness.certify.lint.rules import CLAUSE_OF
from harness.certify.lint.scope import read_scripts
from harness.certify.lint.shellcheck import ShellCheck, run_shellcheck, shellcheck_findings
from harness.certify.lint.starting import starting_findings
from harness.certify.lint.undoing import undoing_findings

__all__ = ["LintFinding", "Severity", "ShellCheck", "clause_of", "lint", "run_shellcheck"]


def lint(kit: Kit, shellcheck: ShellCheck | None = None) -> tuple[LintFinding, ...]:
    """All findings of a kit, in the order of its files. Raises IncompleteProblem without
    ShellCheck.
    """
    findings = [*config_findings(kit), *permission_findings(kit)]
    for which, file in (("pre", kit.pre), ("post", kit.post)):
        findings += starting_findings(which, file)
        findings += interpreter_findings(kit, file)
    check = shellcheck or run_shellcheck
    for file in shell_files(kit):
        findings += shellcheck_findings(file, not kit.manifest.dockerfile, check)
    scripts = read_scripts(kit)
    for read in scripts:
        findings += path_findings(kit, read)
        findings += exposure_findings(read)
    findings += undoing_findings(scripts)
    return tuple(findings)


def clause_of(found: LintFinding) -> str:
    """The clause of certification of which a finding speaks."""
    if found.rule.startswith("SC"):
        return "KIT-1.shellcheck"
    if found.rule.startswith(("CFG", "FILE-03")):
        return "KIT-1.config"
    return CLAUSE_OF.get(found.rule, "KIT-1.scripts")
