"""Level 1: each finding from one defect, none from a kit that is fine."""

from __future__ import annotations

import json
import resource
import sys

import pytest

from harness.certify.kit import load_kit
from harness.certify.lint import LintFinding, lint, run_shellcheck
from harness.problem import IncompleteProblem

from .conftest import CONFIG, MANIFEST, SCRIPT, WriteKit
from .test_kit import BUNDLED


def quiet(text: str, shell: str) -> list[dict[str, object]]:
    return []


def findings(write_kit: WriteKit, **kit: object) -> dict[str, LintFinding]:
    return {f.rule: f for f in lint(load_kit(write_kit(**kit)), quiet)}


def test_a_good_kit_has_no_finding(write_kit: WriteKit) -> None:
    assert lint(load_kit(write_kit())) == ()


@pytest.mark.parametrize("name", ["ledger", "mariadb", "postgresql", "redis", "redis-rdb"])
def test_the_bundled_kits_are_models(name: str) -> None:
    assert lint(load_kit(BUNDLED / name)) == ()


@pytest.mark.parametrize(
    ("script", "rule", "severity", "line"),
    [
        (SCRIPT.replace("\n", "\r\n"), "lint.crlf", "error", 1),
        ("#!/bin/sh\necho a\r\n", "lint.crlf", "error", 2),
        ("\ufeff" + SCRIPT, "lint.bom", "error", 1),
        (SCRIPT.encode("utf-16"), "lint.bom", "error", 1),
        (SCRIPT.encode("utf-16-le"), "lint.encoding", "error", 1),
        (b"#!/bin/sh\n# caf\xe9\n", "lint.encoding", "warning", 2),
        ("", "lint.empty", "error", None),
        ("echo done\n", "lint.no-shebang", "warning", 1),
        ("#!sh\necho done\n", "lint.interpreter", "error", 1),
        ("#!/usr/bin/env bash -e\n", "lint.interpreter", "error", 1),
    ],
)
def test_a_script_that_would_not_start(
    write_kit: WriteKit, script: str | bytes, rule: str, severity: str, line: int | None
) -> None:
    found = findings(write_kit, files={"post.sh": script})
    assert list(found) == [rule]
    assert (found[rule].severity, found[rule].file, found[rule].line) == (severity, "post.sh", line)


@pytest.mark.parametrize("shebang", ["#!/usr/bin/env bash", "#!/usr/bin/env -S bash -e"])
def test_env_as_interpreter_is_fine(write_kit: WriteKit, shebang: str) -> None:
    assert findings(write_kit, files={"pre.sh": f"{shebang}\necho\n"}) == {}


@pytest.mark.parametrize(
    ("modes", "rule"),
    [
        ('pre = "755"', "FILE-04"),
        ('post = "600"', "FILE-04"),
        ('config = "644"', "FILE-03"),
        ('config = "400"', "FILE-03"),
        ('pre = "4700"', "FILE-04"),
    ],
)
def test_modes_as_they_are_installed(write_kit: WriteKit, modes: str, rule: str) -> None:
    found = findings(write_kit, manifest=f"{MANIFEST}\n[scripts.modes]\n{modes}\n")
    assert list(found) == [rule]
    assert found[rule].severity == "error"


def test_a_folder_that_others_can_write(write_kit: WriteKit) -> None:
    config = CONFIG.replace("/etc/azure/pre.sh", "/tmp/pre.sh")
    assert list(findings(write_kit, files={"config.json": config})) == ["FILE-08"]


@pytest.mark.parametrize(
    ("change", "rule", "severity"),
    [
        ({"timeoutInSeconds": "30"}, "CFG-03", "error"),
        ({"preScriptLocation": ""}, "CFG-03", "error"),
        ({"timeoutInSeconds": 7200}, "CFG-04", "warning"),
        ({"timeoutInSecond": 30}, "CFG-05", "warning"),
        ({"preScriptLocation": "/srv/sample/pre.sh"}, "lint.script-on-data-disk", "warning"),
        ({"preScriptLocation": "/etc/azure/post.sh"}, "lint.same-script", "error"),
    ],
)
def test_the_config(
    write_kit: WriteKit, change: dict[str, object], rule: str, severity: str
) -> None:
    config = json.dumps({**json.loads(CONFIG), **change})
    found = findings(write_kit, files={"config.json": config})
    assert list(found) == [rule]
    assert found[rule].severity == severity


def test_all_problems_of_a_config_are_told_at_once(write_kit: WriteKit) -> None:
    config = json.dumps({**json.loads(CONFIG), "timeoutInSeconds": 0, "fsFreezeEnabled": 1})
    kit = load_kit(write_kit(files={"config.json": config}))
    assert len([f for f in lint(kit, quiet) if f.rule == "CFG-03"]) == 2


def test_shellcheck_speaks_of_the_line(write_kit: WriteKit) -> None:
    script = '#!/bin/sh\ncd /srv\nunused=1\nif [ $1 = "a" ]; then echo; fi\n'
    found = {f.rule: f for f in lint(load_kit(write_kit(files={"pre.sh": script})))}
    assert {"SC2164", "SC2034"} == set(found)  # SC2086 is no warning
    assert found["SC2164"].line == 2
    assert found["SC2164"].severity == "warning"


def test_shellcheck_knows_a_script_that_bash_alone_understands(write_kit: WriteKit) -> None:
    script = "#!/bin/sh\n[[ -e /srv ]] && echo a\n"
    assert "SC3010" in {f.rule for f in lint(load_kit(write_kit(files={"pre.sh": script})))}


def test_a_syntax_error_is_an_error(write_kit: WriteKit) -> None:
    script = "#!/bin/sh\nif true; then\n"
    found = lint(load_kit(write_kit(files={"pre.sh": script})))
    assert "error" in {f.severity for f in found}


def test_other_shell_files_are_looked_at_too(write_kit: WriteKit) -> None:
    found = lint(load_kit(write_kit(files={"bin/helper": "#!/bin/bash\ncd /srv\n"})))
    assert [(f.rule, f.file) for f in found] == [("SC2164", "bin/helper")]


def test_without_shellcheck_the_level_is_incomplete(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    monkeypatch.setattr("shutil.which", lambda _: None)
    with pytest.raises(IncompleteProblem, match="ShellCheck is not there"):
        run_shellcheck(SCRIPT, "sh")


def test_level_1_of_a_usual_kit_takes_less_than_a_second() -> None:
    """Of the processor, ShellCheck's part included: what else runs here does not count."""

    def spent() -> float:
        both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        return sum(usage.ru_utime + usage.ru_stime for usage in both)

    before = spent()
    lint(load_kit(BUNDLED / "postgresql"))
    assert spent() - before < 1.0
