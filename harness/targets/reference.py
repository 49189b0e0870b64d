"""`--executor reference`: our own executor, one zipapp on the guest's tmpfs."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from harness.executor.package import build_zipapp
from harness.machines.files import GuestFile
from harness.machines.guest import Guest
from harness.targets.target import Identity, Launch

#: A tmpfs, so that starting it never touches a filesystem that it freezes (FRZ-05).
INSTALLED_AT = "/run/snapcert/executor.pyz"


class ReferenceTarget:
    """The reference executor; every rule applies to it.

    It is this version's own, or `archive`, one that `harness.executor.package` packed elsewhere:
    another version of it, held to the same clauses as this one.
    """

    def __init__(self, version: str, archive: bytes | None = None) -> None:
        self._archive = build_zipapp() if archive is None else archive
        digest = hashlib.sha256(self._archive).hexdigest()
        self.identity = Identity(
            "reference", version, "reference", digest, {"executor.pyz": digest}
        )
        self.packages: tuple[str, ...] = ()
        self.image: str | None = None
        self.deadline: float | None = None
        self.not_applicable: Mapping[str, str] = {}

    def install(self, guest: Guest) -> None:
        """Put the zipapp there; it needs nothing else than the guest's python3."""
        guest.put(GuestFile(path=INSTALLED_AT, content=self._archive, mode="0755"))

    def launch(self) -> Launch:
        """`python3 -I -S executor.pyz backup`: it needs no packages, so none are looked for."""
        return Launch(("/usr/bin/python3", "-I", "-S", INSTALLED_AT, "backup"))
