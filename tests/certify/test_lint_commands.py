"""Findings that are read off the commands of a kit's scripts: each from one defect, and not
from what only looks like it.
"""

from __future__ import annotations

import json

import pytest

from harness.certify.kit import load_kit
from harness.certify.lint import LintFinding, clause_of, lint

from .conftest import CONFIG, MANIFEST, SCRIPT, WriteKit

INSTALL = '\n[[install]]\nsource = "bin/tool"\ntarget = "{}"\nmode = "755"\n'


def quiet(text: str, shell: str) -> list[dict[str, object]]:
    return []


def found(write_kit: WriteKit, body: str, **kit: object) -> list[LintFinding]:
    files = {"pre.sh": f"#!/bin/sh\n{body}\n", **kit.pop("files", {})}  # type: ignore[dict-item]
    return list(lint(load_kit(write_kit(files=files, **kit)), quiet))


# -- PATH


@pytest.mark.parametrize(
    ("body", "severity"),
    [
        ("tool quiesce", "error"),
        ("if ! tool quiesce; then exit 1; fi", "error"),
        ("PATH=/opt/kit\ntool quiesce", "error"),
        ("tool a\nPATH=/opt/kit/bin:$PATH\ntool b", "error"),
        ("PATH=/bin:/usr/bin\nexport PATH\nfsfreeze --help", "error"),
        ("export PATH=/bin:/usr/bin\nlvcreate -s", "error"),
        ("sqlplus / as sysdba", "warning"),
    ],
)
def test_a_command_that_executors_do_not_find(
    write_kit: WriteKit, body: str, severity: str
) -> None:
    (finding,) = found(write_kit, body, files={"bin/tool": SCRIPT})
    assert (finding.rule, finding.severity, finding.file) == ("lint.path", severity, "pre.sh")
    assert clause_of(finding) == "KIT-1.path"
    assert finding.line is not None


@pytest.mark.parametrize(
    "body",
    [
        "/opt/kit/bin/tool quiesce",
        "PATH=/opt/kit/bin:$PATH\ntool quiesce",
        "PATH=/opt/kit/bin/:/usr/bin\nexport PATH\ntool quiesce",
        "PATH=$HOME/bin:$PATH\ntool quiesce",
        ". /opt/kit/env\ntool quiesce",
        "tool() { :; }\ntool quiesce",
        "# tool quiesce",
        "echo tool; log 'tool'",
        "lvcreate -s; fsfreeze --help",
        "PATH=/usr/sbin:/usr/bin\nfsfreeze --help",
        "PATH=/opt/oracle/bin:$PATH\nsqlplus / as sysdba",
        "mysqladmin ping",
    ],
)
def test_a_command_that_is_found(write_kit: WriteKit, body: str) -> None:
    assert found(write_kit, body, files={"bin/tool": SCRIPT}) == []


def test_a_program_that_the_kit_installs(write_kit: WriteKit) -> None:
    files = {"bin/tool": SCRIPT, "pre.sh": "#!/bin/sh\ntool a\n"}
    manifest = MANIFEST + INSTALL.format("/usr/local/bin/tool")
    assert lint(load_kit(write_kit(manifest, files)), quiet) == ()


def test_a_program_that_the_kit_installs_elsewhere(write_kit: WriteKit) -> None:
    files = {"bin/tool": SCRIPT, "pre.sh": "#!/bin/sh\ntool a\n"}
    manifest = MANIFEST + INSTALL.format("/opt/vendor/bin/tool")
    (finding,) = lint(load_kit(write_kit(manifest, files)), quiet)
    assert "/opt/vendor/bin/tool" in finding.message


# -- secrets


@pytest.mark.parametrize(
    "body",
    [
        "mysqladmin -uroot -phunter2 flush-tables",
        'mariadb -u root -p"$PASSWORD" -e "SELECT 1"',
        "dump --password=hunter2",
        "tool --db-password=hunter2",
        "PGPASSWORD=hunter2 psql -U backup",
        "curl -u admin:hunter2 http://localhost/flush",
        'curl -H "Authorization: Bearer $TOKEN" http://localhost/flush',
        "curl http://admin:hunter2@localhost/flush",
        "psql postgresql://backup:hunter2@localhost/db",
        'redis-cli -a "$(cat /etc/secret)" BGSAVE',
        "sshpass -p hunter2 ssh db",
        "/opt/oracle/bin/sqlplus system/hunter2@orcl",
        "x=$(mysql -phunter2 -e 'SELECT 1')",
    ],
)
def test_a_secret_on_a_command_line(write_kit: WriteKit, body: str) -> None:
    (finding,) = found(write_kit, body)
    assert (finding.rule, finding.severity, finding.line) == ("lint.secret", "error", 2)
    assert clause_of(finding) == "KIT-1.secrets"
    assert "hunter2" not in finding.message


@pytest.mark.parametrize("body", ["export PGPASSWORD=hunter2", "MYSQL_PWD='a'", "X_TOKEN=b"])
def test_a_secret_in_a_script(write_kit: WriteKit, body: str) -> None:
    (finding,) = found(write_kit, f":\n{body}")
    assert (finding.rule, finding.severity, finding.line) == ("lint.secret", "warning", 3)
    assert "hunter2" not in finding.message


@pytest.mark.parametrize(
    "body",
    [
        "mysql --defaults-extra-file=/etc/backup.cnf -e 'FLUSH TABLES'",
        "mysql -p -e 'SELECT 1'",
        "mkdir -p /run/state; psql -p 5432; cp -pr a b",
        'PGPASSWORD="$(cat /etc/backup.secret)" psql -U backup',
        "PGPASSFILE=/etc/backup.pgpass psql",
        "export PASSWORD_FILE=/etc/secret MYSQL_PWD",
        'PASSWORD=$(cat /etc/secret); PASSWORD=/etc/secret; PASSWORD=""',
        "token=abc; key=value; PWD=/srv; PGUSER=backup",
        "echo 'use --password=SECRET'; log curl -u admin:pw",
        'curl -u "$USER" http://localhost:9200/_flush',
        "curl http://localhost:9200/a:b@c",
        "# mysql -phunter2",
        "redis-cli -h db BGSAVE; redis-cli -p 6379 PING",
        "tool --password-file=/etc/secret --token-ttl=30",
    ],
)
def test_no_secret(write_kit: WriteKit, body: str) -> None:
    assert found(write_kit, body) == []


# -- freezes


@pytest.mark.parametrize(
    "body",
    [
        "fsfreeze -f /srv/sample",
        "set -e\n/usr/sbin/fsfreeze --freeze /srv/sample\nfsfreeze -u /srv/sample",
        "xfs_freeze -f /srv/sample",
        "sudo fsfreeze -f /srv/sample",
        "fsfreeze -f /srv/sample\ntrap 'fsfreeze -u /srv/sample' EXIT",
        "trap 'fsfreeze -u /srv/sample' TERM\nfsfreeze -f /srv/sample",
        "trap 'rm -f /run/x' EXIT\nfsfreeze -f /srv/sample",
        "undo() { rm -f x; }\ntrap undo EXIT\nfsfreeze -f /srv/sample",
    ],
)
def test_a_freeze_that_may_stay(write_kit: WriteKit, body: str) -> None:
    (finding,) = found(write_kit, body)
    assert (finding.rule, finding.severity) == ("lint.freeze", "error")
    assert clause_of(finding) == "KIT-1.undoes"


@pytest.mark.parametrize(
    "body",
    [
        "trap 'fsfreeze -u /srv/sample' EXIT\nfsfreeze -f /srv/sample",
        "thaw() { fsfreeze -u /srv; }\nundo() { thaw; }\ntrap undo 0 15\nfsfreeze -f /srv",
        "fsfreeze -u /srv/sample",
        "echo fsfreeze -f; # fsfreeze -f /srv/sample",
        "fsfreeze --help",
    ],
)
def test_a_freeze_that_is_undone(write_kit: WriteKit, body: str) -> None:
    assert found(write_kit, body) == []


def test_a_backup_that_nobody_ends(write_kit: WriteKit) -> None:
    begins = "psql -c \"SELECT pg_backup_start('x')\""
    (finding,) = found(write_kit, begins)
    assert (finding.rule, finding.severity, finding.line) == ("lint.held", "warning", 2)


@pytest.mark.parametrize(
    ("pre", "post"),
    [
        ("psql -c \"SELECT pg_backup_start('x')\"", "psql -c 'SELECT pg_backup_stop()'"),
        ("mongosh --eval 'db.fsyncLock()'", "mongosh <<X\ndb.fsyncUnlock()\nX"),
        (
            "/opt/oracle/bin/sqlplus -s / <<X\nALTER DATABASE BEGIN BACKUP;\nX",
            "a <<X\nalter database end backup;\nX",
        ),
        ("# pg_backup_start(", "true"),
    ],
)
def test_a_backup_that_the_post_script_ends(write_kit: WriteKit, pre: str, post: str) -> None:
    assert found(write_kit, pre, files={"post.sh": f"#!/bin/sh\n{post}\n"}) == []


# -- interpreters


def with_packages(packages: list[str]) -> str:
    return MANIFEST.replace('packages = ["python3"]', f"packages = {json.dumps(packages)}")


@pytest.mark.parametrize(
    ("shebang", "packages", "rule", "severity"),
    [
        ("#!/usr/bin/php", [], "lint.no-package", "warning"),
        ("#!/usr/bin/env ruby", ["python3"], "lint.no-package", "warning"),
        ("#!/usr/bin/python3", ["postgresql"], "lint.no-package", "warning"),
        ("#!/opt/vendor/bin/run", [], "lint.no-package", "warning"),
        ("#!/usr/local/bin/bash", [], "lint.interpreter", "error"),
    ],
)
def test_an_interpreter_that_the_guest_may_lack(
    write_kit: WriteKit, shebang: str, packages: list[str], rule: str, severity: str
) -> None:
    manifest = with_packages(packages)
    files = {"post.sh": f"{shebang}\n# nothing\n"}
    (finding,) = lint(load_kit(write_kit(manifest, files)), quiet)
    assert (finding.rule, finding.severity, finding.file) == (rule, severity, "post.sh")
    assert clause_of(finding) == "KIT-1.scripts"


@pytest.mark.parametrize(
    ("shebang", "packages"),
    [
        ("#!/bin/bash", []),
        ("#!/usr/bin/env -S perl -w", []),
        ("#!/usr/bin/python3", ["python3-psycopg2"]),
        ("#!/usr/bin/php", ["php8.2-cli"]),
        ("#!/usr/bin/env node", ["nodejs"]),
    ],
)
def test_an_interpreter_that_is_there(
    write_kit: WriteKit, shebang: str, packages: list[str]
) -> None:
    manifest = with_packages(packages)
    assert lint(load_kit(write_kit(manifest, {"post.sh": f"{shebang}\n# nothing\n"})), quiet) == ()


def test_the_kits_other_programs_are_not_meant(write_kit: WriteKit) -> None:
    """Its load and its verification are the suite's side: they run nowhere else."""
    body = "#!/bin/sh\nmysql -phunter2\n"
    assert lint(load_kit(write_kit(files={"bin/workload": body})), quiet) == ()


def test_what_a_script_calls_is_meant(write_kit: WriteKit) -> None:
    files = {"bin/helper": "#!/bin/sh\nmysql -phunter2\n"}
    (finding,) = found(write_kit, "/opt/kit/bin/helper", files=files)
    assert (finding.rule, finding.file) == ("lint.secret", "bin/helper")


def test_bash_under_dash_is_an_error_where_sh_is_dash(write_kit: WriteKit) -> None:
    files = {"pre.sh": "#!/bin/sh\n[[ -e /srv ]] && echo a\n", "Dockerfile": "FROM rockylinux:9\n"}
    debian = load_kit(write_kit(files=files))
    assert {f.severity for f in lint(debian) if f.rule == "SC3010"} == {"error"}


def test_bash_under_sh_is_a_warning_where_sh_is_unknown(write_kit: WriteKit) -> None:
    files = {"pre.sh": "#!/bin/sh\n[[ -e /srv ]] && echo a\n", "Dockerfile": "FROM rockylinux:9\n"}
    manifest = MANIFEST.replace('packages = ["python3"]', 'dockerfile = "Dockerfile"')
    other = load_kit(write_kit(manifest, {**files, "config.json": CONFIG}))
    assert {f.severity for f in lint(other) if f.rule == "SC3010"} == {"warning"}
