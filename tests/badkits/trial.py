"""One bad kit before `snapcert certify`, in a process of its own, as a user would."""

from __future__ import annotations

import html
import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.badkits.badkit import ROOT, BadKit, digest
from tests.badkits.verdict import Said, complaints, said

_SNAPCERT = "import sys; from harness.cli import main; sys.exit(main())"
#: Seconds for all levels of one kit.
_DEADLINE = 900.0
#: Control characters, and what turns text around.
_OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]")


@dataclass(frozen=True)
class Trial:
    """What came of it: `wrong` in sentences, `digest` of the kit that was tried."""

    wrong: tuple[str, ...]
    heard: tuple[Said, ...]
    digest: str
    output: str


def attempt(kit: BadKit, folder: Path) -> Trial:
    """Certify it at its level; `folder` takes the kit and the record."""
    built, out = folder / kit.name, folder / "out"
    kit.build(built)
    words = []
    if kit.env:
        file = folder / "env"
        file.touch(0o600)
        file.write_text("".join(f"{name}={value}\n" for name, value in kit.env.items()))
        words = ["--env-file", str(file)]
    done = subprocess.run(
        [sys.executable, "-c", _SNAPCERT, "certify", str(built), "--level", str(max(kit.level, 1)),
         "--rounds", str(kit.rounds), "-n", "0", "--seed", "1", "--out", str(out), "--quiet",
         *words],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=_DEADLINE,
    )  # fmt: skip
    output = (done.stdout + done.stderr).strip()
    if kit.refused:
        refused = f"[{kit.refused}]" in output
        wrong = [] if refused and done.returncode == 4 else [f"it is not refused: {output}"]
        return Trial(tuple(wrong), (), digest(kit, built), output)
    record = out / "results.jsonl"
    lines = record.read_text(encoding="ascii").splitlines() if record.is_file() else []
    heard = said(line for line in map(json.loads, lines) if line["type"] == "check")
    wrong = list(complaints(kit, heard)) if lines else [f"there is no record: {output}"]
    texts = {"the terminal": output} | {
        path.name: path.read_text(encoding="utf-8", errors="replace")
        for path in sorted(out.rglob("*"))
        if path.is_file()
    }
    wrong += [*leaks(kit.env.values(), texts), *harms(texts)]
    if done.returncode != 1 and not wrong:
        wrong = [f"snapcert ended with {done.returncode}, not 1"]
    return Trial(tuple(wrong), heard, digest(kit, built), output)


def leaks(secrets: Iterable[str], texts: Mapping[str, str]) -> list[str]:
    """Where a secret stands: on the terminal, or in a file that a run wrote."""
    return [
        f"{place} shows a secret"
        for secret in secrets
        for place, text in texts.items()
        if secret in text or html.escape(secret) in text
    ]


def harms(texts: Mapping[str, str]) -> list[str]:
    """Where what a kit printed would be obeyed: by a terminal, a browser, or a reader of XML."""
    found = [
        f"{place} would be obeyed by a terminal: {match[0]!r}"
        for place, text in texts.items()
        if (match := _OBEYED.search(text))
    ]
    page = texts.get("report.html", "")
    found += [
        f"report.html holds {word}" for word in ("<script>alert", "<img src=x") if word in page
    ]
    if "junit.xml" in texts:
        try:
            ET.fromstring(texts["junit.xml"])
        except ET.ParseError as error:
            found.append(f"junit.xml can't be read: {error}")
    return found
