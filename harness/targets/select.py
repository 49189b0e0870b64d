"""From the text after `--executor` to a target."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from harness.contract.rulesets import DEFAULT_FOR_OTHERS, STRICT
from harness.problem import UsageProblem
from harness.targets.azure import KIND as AZURE
from harness.targets.azure import AzureTarget
from harness.targets.command import CommandTarget
from harness.targets.qemu import KIND as QEMU
from harness.targets.qemu import QemuTarget
from harness.targets.reference import ReferenceTarget
from harness.targets.target import Target

#: The version of an executor that comes with the guest's packages: the image's digest tells it.
_OF_THE_GUEST = "of the guest's Debian"


def select_target(spec: str, version: str, speed: int = 1) -> Target:
    """`reference`, `reference:PATH` with a packed one, `command:PATH`, or `azure-vmsnapshot:PATH`.

    `speed` lets the fixed waits of an executor that has them pass faster. A UsageProblem says what
    is wrong with anything else.
    """
    kind, _, path = spec.partition(":")
    if speed != 1 and not has_fixed_waits(spec):
        raise UsageProblem(
            f"--speed {speed} is not for --executor {spec}", "it is for azure-vmsnapshot: alone"
        )
    if spec == "reference":
        return ReferenceTarget(version)
    if kind == "reference" and path:
        return ReferenceTarget("packed", _packed(Path(path).expanduser()))
    if kind == "command" and path:
        return CommandTarget(Path(path).expanduser())
    if kind == AZURE and path:
        return AzureTarget(Path(path).expanduser(), speed)
    if spec == QEMU:
        return QemuTarget(_OF_THE_GUEST)
    raise UsageProblem(
        f"--executor {spec!r} names no executor",
        "give `reference`, `command:PATH` with a file or a folder that holds `run`, or "
        "`azure-vmsnapshot:PATH` or `qemu-guest-agent`",
    )


def has_fixed_waits(spec: str) -> bool:
    """Whether `speed` is for this executor."""
    return spec.partition(":")[0] == AZURE


def _packed(path: Path) -> bytes:
    """A reference executor that was packed into a file."""
    remedy = "give a file that `harness.executor.package` packed"
    try:
        archive = path.read_bytes()
        with zipfile.ZipFile(io.BytesIO(archive)) as content:
            names = content.namelist()
    except (OSError, zipfile.BadZipFile) as error:
        raise UsageProblem(f"{path} is no packed reference executor: {error}", remedy) from error
    if "harness/executor/cli.py" not in names:
        raise UsageProblem(f"{path} is no packed reference executor", remedy)
    return archive


def default_rules(spec: str) -> str:
    """The rule set that judges this executor where none is named."""
    return STRICT if spec.partition(":")[0] == "reference" else DEFAULT_FOR_OTHERS
