"""What a bad kit is: a good one with something wrong, and what certification must say of it.

`fixtures/bad-kits/NAME/` holds a `bad.toml` and the files that it replaces:

    base = "ledger"                       # the good kit, of fixtures/kits
    wrong = "It stops nothing."           # one sentence
    level = 2                             # certification finds it here; the levels below hold
    story = "owner/repository#1"          # optional: where it was met in the field
    rounds = 2                            # optional, of level 3
    may = ["KIT-2.repeats"]               # optional: what may fail beside; all else must hold
    refused = "kit.outside"               # optional, with level 0: the Problem that refuses it

    [fails]                               # clauses that must fail, and words that are observed
    "KIT-2.stops" = "was acknowledged"
    [warns]                               # optional: the same for what is only shown
    "KIT-1.shellcheck" = "SC3010"

    [[edit]]                              # optional: text of the base that is replaced
    file = "post.sh"
    old = "…"
    new = "…"
    [env]                                 # optional: secrets that it gets, and must not be seen
    PASSWORD = "…"
    [links]                               # optional: symbolic links, by path in the kit
    "data" = "/etc/shadow"

A word of `may` ends where a rule does ("APP-01") or names one clause.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.certify.clauses import CLAUSES
from harness.contract.clauses import CATALOGUE
from tests.overlay import Edit, lay_over

ROOT = Path(__file__).resolve().parents[2]
KITS = ROOT / "fixtures" / "kits"
BAD_KITS = ROOT / "fixtures" / "bad-kits"
NOTE = "bad.toml"

_KEYS = {
    *("base", "wrong", "level", "story", "rounds", "may", "refused"),
    *("fails", "warns", "edit", "env", "links"),
}


@dataclass(frozen=True)
class BadKit:
    """One entry; `fails` and `warns` are words that must be observed, by clause."""

    name: str
    base: str
    wrong: str
    level: int
    fails: Mapping[str, str]
    warns: Mapping[str, str]
    may: tuple[str, ...]
    edits: tuple[Edit, ...]
    links: Mapping[str, str]
    env: Mapping[str, str]
    refused: str
    rounds: int
    story: str

    @property
    def folder(self) -> Path:
        """Where its own files are."""
        return BAD_KITS / self.name

    def build(self, into: Path) -> None:
        """Write the whole kit into a new folder."""
        lay_over(
            KITS / self.base,
            self.folder,
            into,
            edits=self.edits,
            links=self.links,
            without=(NOTE,),
        )

    def allows(self, clause: str) -> bool:
        """Whether this clause may fail."""
        return clause in self.fails or clause in self.may or clause.partition(".")[0] in self.may


def bad_kits() -> dict[str, BadKit]:
    """All of them by name."""
    return {path.parent.name: read(path.parent) for path in sorted(BAD_KITS.glob(f"*/{NOTE}"))}


def read(folder: Path) -> BadKit:
    """One bad kit's note; ValueError where it is wrong itself."""
    note = tomllib.loads((folder / NOTE).read_text(encoding="utf-8"))
    kit = BadKit(
        name=folder.name,
        base=note["base"],
        wrong=note["wrong"],
        level=note["level"],
        fails=note.get("fails", {}),
        warns=note.get("warns", {}),
        may=tuple(note.get("may", ())),
        edits=tuple(Edit(**edit) for edit in note.get("edit", ())),
        links=note.get("links", {}),
        env=note.get("env", {}),
        refused=note.get("refused", ""),
        rounds=note.get("rounds", 2),
        story=note.get("story", ""),
    )
    clauses = {*CLAUSES, *CATALOGUE}
    wrong = [f"unknown key {key}" for key in sorted(set(note) - _KEYS)]
    wrong += [f"unknown clause {c}" for c in (*kit.fails, *kit.warns) if c not in clauses]
    if bool(kit.refused) != (kit.level == 0) or bool(kit.fails) == bool(kit.refused):
        wrong.append("it is refused, at level 0, or it fails at a level")
    if not (KITS / kit.base / "kit.toml").is_file():
        wrong.append(f"there is no kit {kit.base}")
    if wrong:
        raise ValueError(f"{folder / NOTE}: {'; '.join(wrong)}")
    return kit


def digest(kit: BadKit, built: Path) -> str:
    """Names this very kit and what is asked of it; texts for people do not count."""
    note = {name: value for name, value in dataclasses.asdict(kit).items() if value}
    total = hashlib.sha256(json.dumps(note, sort_keys=True).encode())
    for path in sorted(built.rglob("*")):
        name = path.relative_to(built).as_posix()
        if path.is_symlink() or path.is_dir() or re.search(r"\.md$", name):
            continue
        total.update(f"\n{name} {hashlib.sha256(path.read_bytes()).hexdigest()}".encode())
    return total.hexdigest()[:16]
