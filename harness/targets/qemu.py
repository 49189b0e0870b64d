"""`--executor qemu-guest-agent`: QEMU's guest agent with its fsfreeze hook, as Debian ships it.

The agent knows nothing of the article: it has no config of its own for scripts, no checks of them,
no retries, no budget and no policy. Those rules do not apply to it, and say why.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from harness.machines.files import GuestFile
from harness.machines.guest import Guest
from harness.targets.packing import packed
from harness.targets.target import Identity, Launch

KIND = "qemu-guest-agent"

_PROGRAM = "/run/snapcert/qemu.pyz"
_PACKAGE = "qemu-guest-agent"

_NO_CONFIG = "the agent has no config for scripts: its hook runs what is executable in a folder"
_NO_CHECK = "the agent checks no script before it runs the hook"
_NO_POLICY = "what a failure means for the backup is the hypervisor's policy, not the agent's"
_NO_BUDGET = "the hook has no time limit and no retries"
_HYPERVISOR = "whether and when a set is taken is the hypervisor's; the agent is not asked"

#: By rule; what is left is judged.
NOT_APPLICABLE: Mapping[str, str] = {
    **{f"FILE-0{number}": _NO_CONFIG for number in (1, 2, 3, 6)},
    **{f"FILE-0{number}": _NO_CHECK for number in (4, 5, 7, 8, 9)},
    **{f"CFG-0{number}": _NO_CONFIG for number in (1, 2, 3, 4, 5)},
    "RUN-03": _NO_BUDGET,
    "RUN-04": _NO_BUDGET,
    "RUN-05": _NO_BUDGET,
    "FRZ-02": "a freeze is all that the agent is asked for",
    "SNP-01": _HYPERVISOR,
    "SNP-02": _HYPERVISOR,
    "FBK-02a": _NO_CHECK,
    "FBK-02b": _NO_CHECK,
    "FBK-03": _NO_POLICY,
    "FBK-04": _NO_POLICY,
    "FBK-05": _NO_CONFIG,
    "FBK-06": _NO_POLICY,
    "FBK-08": _NO_POLICY,
    "ROB-01": "the agent has one channel, and its hypervisor asks one thing after another",
    "ROB-04": "the log of a backup is the hypervisor's",
    "ROB-05": "what was interrupted is the hypervisor's to mend",
}


class QemuTarget:
    """The agent and the hook of the guest's own Debian package."""

    def __init__(self, version: str) -> None:
        self._archive = packed("qemu")
        digest = hashlib.sha256(self._archive).hexdigest()
        self.identity = Identity(KIND, version, KIND, digest, {"qemu.pyz": digest})
        self.packages: tuple[str, ...] = (_PACKAGE,)
        self.image: str | None = None
        self.deadline: float | None = None
        self.not_applicable = NOT_APPLICABLE

    def install(self, guest: Guest) -> None:
        """The package is in the image; only what plays the hypervisor is put there."""
        guest.put(GuestFile(_PROGRAM, self._archive, "0755"))

    def launch(self) -> Launch:
        """The hypervisor's part of a run."""
        return Launch(("/usr/bin/python3", "-I", "-S", _PROGRAM))
