"""A folder in which the names that documents use stand for something; made when it is asked for."""

from __future__ import annotations

import os
import pty
import re
import select
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

from tests.bad_input.conftest import QUICK
from tests.documents.pages import ROOT, blocks

PROGRAM = (sys.executable, "-c", "from harness.cli import main; main()")
_DEADLINE = 150.0
#: What stands for Azure's extension where its user gives none.
AZURE = os.environ.get("SNAPCERT_AZURE_VMSNAPSHOT")

#: It takes its snapshot set and forgets to say so.
_FORGETFUL = '#!/bin/sh\n"$SNAPCERT_SNAPSHOT"\nexit 7\n'
_SECRETS = '\n[secrets]\nnames = ["DB_PASSWORD"]\ntarget = "/etc/azure/ledger/secrets"\n'
#: The record of a run that failed.
RECORD = "failed/results.jsonl"


class World:
    """The folder. `kept`: guests that its commands have kept, to be ended by who made it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.kept: list[str] = []
        self._folders = 0
        shutil.copytree(ROOT / "fixtures" / "kits" / "ledger", folder / "ledger")
        for name in ("old", "new", "agent"):
            shutil.copytree(ROOT / "tests" / "executors" / "minimal", folder / name)
        (folder / "fixtures").symlink_to(ROOT / "fixtures")
        (folder / "my-agent").write_text(_FORGETFUL, encoding="utf-8")
        (folder / "my-agent").chmod(0o755)

    def run(self, words: list[str]) -> tuple[int, str]:
        """The exit status of snapcert, and all that it showed."""
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            [*PROGRAM, *words],
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_DEADLINE,
            check=False,
        )
        self.kept += re.findall(r"snapcert shell ([\w-]+)", done.stdout)
        return done.returncode, done.stdout

    def at_a_terminal(self, words: list[str], typed: str) -> tuple[int, str]:
        """The same with a terminal, at which this is typed once something was shown."""
        keyboard, terminal = pty.openpty()
        with subprocess.Popen(
            [*PROGRAM, *words],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
        ) as process:
            os.close(terminal)
            shown, until = b"", time.monotonic() + _DEADLINE
            try:
                while select.select([keyboard], [], [], max(until - time.monotonic(), 0))[0]:
                    first = not shown
                    shown += os.read(keyboard, 4096)
                    if first:
                        os.write(keyboard, typed.encode())
            except OSError:
                pass  # the other end is closed
            finally:
                process.kill()
                os.close(keyboard)
            return process.wait(10), shown.decode(errors="replace")

    def words(self, command: str) -> list[str]:
        """A command of a page, without its first word, its names replaced by things."""
        words = shlex.split(command)[1:]
        return [self._thing(words, place) for place in range(len(words))]

    def _thing(self, words: list[str], place: int) -> str:
        word, before = words[place], words[place - 1]
        kind = word.partition(":")[0]
        if before in ("--executor", "--versus"):
            if kind == "azure-vmsnapshot":
                return f"{kind}:{AZURE}"
            return {"OLD": "command:./old", "NEW": "command:./new"}.get(
                word, word.replace("PATH", "./agent")
            )
        if word == "FILE":
            return self._deviations() if before == "--known-deviations" else self._baseline()
        if word in ("KIT", "FOLDER"):
            if words[0] == "init":
                return "begun"
            return self._with_secrets() if "--env-file" in words else "ledger"
        if word == "DIR":
            self._folders += 1
            return f"sets-{self._folders}"
        make = {
            "RESULTS": self._results,
            "BASE": self._results,
            "NEW": self._results,
            "reports/conform/results.jsonl": self._results,
            "reports": lambda: str(Path(self._results()).parent),
            "RUN": self._kept,
            "baseline/results.jsonl": self._baseline,
            "CERTIFICATE": self._certificate,
            "certificate.json": self._certificate,
            "reports/certify/certificate.json": self._certificate,
            "PUB": self._public,
            "vendor.key": self._key,
            "vendor.key.pub": self._public,
            "mykit.env": self._env_file,
            "REV": self._revision,
        }.get(word)
        if make is None or before == "--out" or words[0] == "keygen":
            return word
        return make()

    def _done(self, *words: str, status: int = 0) -> None:
        code, shown = self.run(list(words))
        assert code == status, shown

    def _results(self) -> str:
        if not (self.folder / RECORD).exists():
            self._done(
                "conform", "--executor", "command:./my-agent", "--fs", "ext4",
                "-n", "0", "-k", QUICK, "--keep-failed", "-x", "--out", "failed", status=1,
            )  # fmt: skip
        return RECORD

    def _kept(self) -> str:
        self._results()
        return self.kept[-1]

    def _baseline(self) -> str:
        if not (self.folder / "baseline" / "results.jsonl").exists():
            self._done("certify", "ledger", "--level", "1", "--out", "baseline")
        return "baseline/results.jsonl"

    def _key(self) -> str:
        if not (self.folder / "issuer.key").exists():
            self._done("keygen", "issuer.key")
        return "issuer.key"

    def _public(self) -> str:
        return f"{self._key()}.pub"

    def _certificate(self) -> str:
        if not (self.folder / "signed" / "certificate.json").exists():
            key = self._key()
            self._done("certify", "ledger", "--level", "1", "--key", key, "--out", "signed")
        return "signed/certificate.json"

    def _with_secrets(self) -> str:
        kit = self.folder / "sealed"
        if not kit.exists():
            shutil.copytree(self.folder / "ledger", kit)
            with (kit / "kit.toml").open("a", encoding="utf-8") as manifest:
                manifest.write(_SECRETS)
        return kit.name

    def _env_file(self) -> str:
        path = self.folder / "mykit.env"
        path.touch(0o600)
        path.write_text("DB_PASSWORD=a1b2c3d4e5\n", encoding="utf-8")
        return path.name

    def _deviations(self) -> str:
        (example,) = blocks(ROOT / "docs" / "gate.md", "toml")
        day = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 30 * 86400))
        path = self.folder / "deviations.toml"
        path.write_text(re.sub("expires = .*", f"expires = {day}", example), encoding="utf-8")
        return path.name

    def _revision(self) -> str:
        if not (self.folder / ".git").exists():
            who = ("-c", "user.name=a", "-c", "user.email=a@example.org")
            for words in (("init", "-q"), ("add", "ledger"), (*who, "commit", "-qm", "begun")):
                subprocess.run(["git", *words], cwd=self.folder, check=True)
        return "HEAD"
