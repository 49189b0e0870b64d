"""The two controls that make a certificate worth something.

*Oracle control*: each round's own evidence, sabotaged, must be caught; that is the oracles' work,
here it becomes lines of the record. *Script control*: the same round with scripts that only
`exit 0`, then without the freeze too. It is information: a crash-safe database on one disk may
survive without scripts, and then that is said. A kit with several disks also meets a storage that
copies them at two instants, without its scripts and, where these stop writes, with them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from harness.certify.kit import Kit, KitFile
from harness.certify.measures import pause_of
from harness.history import History
from harness.oracles.application import Proof, ledger
from harness.oracles.filesystem import reached
from harness.oracles.sabotage import Control
from harness.oracles.terms import Terms
from harness.results.record import ControlLine

_NOTHING = b"#!/bin/sh\nexit 0\n"


@dataclass(frozen=True)
class Variant:
    """A kit in which something is left out, and how its set is taken; `name` says both.

    `freezes`: whether anything is frozen; `apart`: the disks are copied at two instants; `idle`:
    the scripts do nothing.
    """

    name: str
    kit: Kit
    freezes: bool
    apart: bool = False
    idle: bool = True


def variants(kit: Kit) -> tuple[Variant, ...]:
    """Scripts that do nothing, with the freeze as it is, then without it, then at two instants."""
    settings = json.loads(kit.config_file.content)
    config = json.dumps({**settings, "fsFreezeEnabled": False}, indent=4).encode()
    thawed = _with(kit, {kit.config_file.path: config})
    idle = {kit.pre.path: _NOTHING, kit.post.path: _NOTHING}
    nothing = "scripts that do nothing"
    found = [Variant(f"{nothing}, nothing frozen", _with(thawed, idle), False)]
    if settings.get("fsFreezeEnabled", True):
        found.insert(0, Variant(f"{nothing}, frozen", _with(kit, idle), True))
    if len(kit.manifest.layout.disks) > 1:
        two = "nothing frozen, the disks copied at two instants"
        found.append(Variant(f"{nothing}, {two}", _with(thawed, idle), False, apart=True))
        if kit.manifest.stops_writes:
            own = Variant(f"the kit's own scripts, {two}", thawed, False, apart=True, idle=False)
            found.append(own)
    return tuple(found)


def oracle_lines(
    controls: Sequence[Control], scenario: str, filesystem: str
) -> tuple[ControlLine, ...]:
    """The record of one round's oracle control."""
    return tuple(
        ControlLine(control.name, "oracle", control.caught, control.detail, scenario, filesystem)
        for control in controls
    )


def script_line(variant: Variant, history: History, scenario: str, filesystem: str) -> ControlLine:
    """What the scripts make of this layout, by a round of one variant."""
    proof = ledger(history)
    shown = reached(history, Terms(freezes=variant.freezes))
    them = "without them" if variant.idle else "with them"
    if proof.proof is Proof.BROKEN:
        detail = f"{them} the proof breaks: {_why(history)}"
        if not (proof.lost or proof.halved or proof.gaps or proof.faults or proof.not_started):
            detail += "; the restored data itself is whole"
    elif proof.proof is Proof.NOT_PROVEN:
        detail = f"not proven {them}: {'; '.join(proof.doubts)}"
    elif not variant.idle:
        detail = f"with them the restored set is whole ({proof.counts})"
    elif variant.apart:
        detail = f"without them the restored set is whole too, this time ({proof.counts})"
    else:
        detail = (
            f"without them the restored set is whole too ({proof.counts}): on this layout the "
            "application survives a crash consistent copy by itself"
        )
    pause = pause_of(history)
    if pause is not None:
        detail += f"; the pause is {pause * 1000:.0f} ms"
    detail += f"; the set is {shown.level} consistent"
    return ControlLine(
        variant.name, "script", proof.proof is Proof.BROKEN, detail, scenario, filesystem
    )


def _why(history: History) -> str:
    proof = ledger(history)
    parts: Mapping[str, Sequence[str]] = {
        "lost": proof.lost,
        "from after the set": proof.phantom,
        "by half": proof.halved,
        "missing before later ones": proof.gaps,
        "acknowledged while writes should be stopped": proof.leaked,
    }
    said = [f"{len(ids)} operations {what}" for what, ids in parts.items() if ids]
    return "; ".join([*said, *proof.faults, *([proof.not_started] if proof.not_started else [])])


def _with(kit: Kit, contents: Mapping[str, bytes]) -> Kit:
    changed = {path: KitFile(path, content, True) for path, content in contents.items()}
    return replace(kit, files={**kit.files, **changed})
