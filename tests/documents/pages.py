"""The commands that README and docs name, as they stand there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "ARCHITECTURE.md",
    ROOT / "reports" / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
]


def commands(word: str) -> list[tuple[str, str]]:
    """(page, command) for each command that begins with `word`, in code of any page."""
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        lines = [line for block in blocks(page) for line in block.splitlines()]
        lines += re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
        for line in lines:
            command = re.split(r"#| >>? ", line)[0].strip()
            # The reference names commands in their own words, without arguments.
            if command.startswith(f"{word} ") and page.name != "commands.md":
                found.append((str(page.relative_to(ROOT)), command))
    return list(dict.fromkeys(found))


def blocks(page: Path, language: str = "[a-z]*") -> list[str]:
    """The page's blocks of code."""
    text = page.read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)
