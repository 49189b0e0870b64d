"""What a clause is, and one short constructor for each basis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Tuple

#: The article of 2017 that is the source; quotations from it are verbatim.
SEED = "seed"
CONFIG_README = "https://github.com/MicrosoftAzureBackup/VMSnapshotPluginConfig"
VENDOR_DOC = "https://learn.microsoft.com/azure/backup/backup-azure-linux-app-consistent"


@dataclass(frozen=True)
class Quote:
    """Where a documented clause stands: verbatim words of the seed, or the address of a page.

    `source` is "seed" or an address; `text` is empty where the address alone is the reference.
    """

    text: str
    source: str


@dataclass(frozen=True)
class Clause:
    """One checkable statement of a rule.

    `basis` is "seed", "config-readme", "vendor-doc" or "project". `consequence` says what a user
    suffers from an executor that breaks it. Where `observable` is False,
    `unobservable_reason` says why no scenario can see it from outside; `reference_only` clauses
    are checked on the reference executor alone.
    """

    id: str
    text: str
    consequence: str
    basis: str
    quotes: Tuple[Quote, ...] = ()
    observable: bool = True
    unobservable_reason: str = ""
    reference_only: bool = False

    @property
    def rule(self) -> str:
        """The rule's id: "FBK-03" of "FBK-03.status"."""
        return self.id.split(".", 1)[0]

    @property
    def documented(self) -> bool:
        """Whether a source other than this project says it."""
        return self.basis != "project"


def seed(identity: str, text: str, consequence: str, *quotes: str, unseen: str = "") -> Clause:
    """A clause that the seed states, with the words that state it."""
    found = tuple(Quote(words, SEED) for words in quotes)
    return Clause(identity, text, consequence, "seed", found, not unseen, unseen)


def config_readme(identity: str, text: str, consequence: str) -> Clause:
    """A clause that the vendor's read-me of the config file states."""
    return Clause(identity, text, consequence, "config-readme", (Quote("", CONFIG_README),))


def vendor_doc(
    identity: str, text: str, consequence: str, unseen: str = "", reference_only: bool = False
) -> Clause:
    """A clause that the vendor's current article states."""
    return Clause(
        identity,
        text,
        consequence,
        "vendor-doc",
        (Quote("", VENDOR_DOC),),
        not unseen,
        unseen,
        reference_only,
    )


def project(
    identity: str, text: str, consequence: str, unseen: str = "", reference_only: bool = False
) -> Clause:
    """A clause of this project, where the sources are silent."""
    return Clause(identity, text, consequence, "project", (), not unseen, unseen, reference_only)
