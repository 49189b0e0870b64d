"""What one run meets, and how it is told: every value beside the plain one is an ingredient.

A plain run has one disk, a good config, two scripts that succeed at once and a snapshot that is
taken. Whatever a run meets besides is a value of its own with words for a person; the tables of
those values are in `ingredients`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from harness.history import Filesystem
from harness.machines.files import GuestFile, Kind
from harness.targets.situation import SnapshotAnswer

Config = Mapping[str, Any]


@dataclass(frozen=True)
class Place:
    """A guest, by its name in `harness.scenario.layouts`; `data`: others may meddle with /data."""

    layout: str
    words: str
    data: bool = True
    single_disk: bool = False
    rests_on: tuple[str, ...] = ()


@dataclass(frozen=True)
class Behaviour:
    """What a script does: a fixture of fixtures/scripts, with these arguments of its own.

    `succeeds_at` is the attempt that exits with 0, None where none does; `reason` says how the
    others fail, as ScriptFinding has it. `late`: no attempt ends by itself. `runs`: the kernel can
    execute it, so that it reports its start. `leaves` are words of the argument vectors of what it
    leaves running.
    """

    words: str
    fixture: str
    arguments: tuple[str, ...] = ()
    succeeds_at: int | None = 1
    reason: str = ""
    late: bool = False
    runs: bool = True
    leaves: tuple[str, ...] = ()
    rests_on: tuple[str, ...] = ()


@dataclass(frozen=True)
class FileFault:
    """What stands in the place of a good file; `reason` is that of the finding it makes.

    `found` is False where FILE-05 counts the place as empty.
    """

    words: str
    reason: str
    kind: Kind = "file"
    mode: str = ""
    uid: int = 0
    found: bool = True
    rests_on: tuple[str, ...] = ()

    def instead_of(self, good: GuestFile) -> GuestFile:
        """This, at the path of the good file."""
        changed = replace(good, kind=self.kind, mode=self.mode or good.mode, uid=self.uid)
        if self.kind == "symlink":
            return replace(changed, content=b"", target="/opt/gone")
        return changed if self.kind == "file" else replace(changed, content=b"")


@dataclass(frozen=True)
class Content:
    """The config's text, made of what its author meant; `reason` "" where it can be used."""

    words: str
    reason: str
    text: Callable[[Config], bytes]
    rests_on: tuple[str, ...] = ()


@dataclass(frozen=True)
class PluginHost:
    """The plugin-host file; `reason` "" where it can be used."""

    words: str
    reason: str
    text: bytes
    mode: str = "0600"
    rests_on: tuple[str, ...] = ()


@dataclass(frozen=True)
class Change:
    """What somebody does to the post-script while the pre-script runs (FILE-09)."""

    words: str
    error: str
    mode: str = ""
    rests_on: tuple[str, ...] = ()


@dataclass(frozen=True)
class Meddling:
    """What somebody does to the freeze of /data: `verb` "freeze" before it, "thaw" within it."""

    words: str
    verb: str
    rests_on: tuple[str, ...] = ()


PLAIN_PLACE = Place("data", "one data disk")
SUCCEEDS = Behaviour("succeeds", "succeed")


@dataclass(frozen=True)
class Circumstances:
    """All that one run meets. A field that has its default value is no ingredient.

    `go_on` and `fsfreeze` are the config's policy, None where it leaves them out. `parameters`
    follow the scripts' own arguments. `open_folder`: others may write to the scripts' folder.
    """

    place: Place = PLAIN_PLACE
    configured: bool = True
    plugin_host: PluginHost | None = None
    config_file: FileFault | None = None
    content: Content | None = None
    go_on: bool | None = True
    fsfreeze: bool | None = True
    pre_file: FileFault | None = None
    post_file: FileFault | None = None
    open_folder: bool = False
    pre: Behaviour = SUCCEEDS
    pre_retries: int = 0
    post: Behaviour = SUCCEEDS
    post_retries: int = 0
    parameters: tuple[str, ...] = ()
    change: Change | None = None
    meddling: Meddling | None = None
    snapshot: SnapshotAnswer = "take"
    filesystem: Filesystem = "ext4"

    def __str__(self) -> str:
        """In plain words, what is not plain."""
        return "; ".join(_phrases(self)) or "a plain run: one disk, and all goes well"


def ingredients(met: Circumstances) -> tuple[str, ...]:
    """The names of the fields that are not plain."""
    return tuple(f.name for f in fields(met) if getattr(met, f.name) != f.default)


def without(met: Circumstances, name: str) -> Circumstances:
    """The same with one ingredient less."""
    plain = next(f.default for f in fields(met) if f.name == name)
    changed: dict[str, Any] = {name: plain}
    return replace(met, **changed)


def rests_on(value: object) -> tuple[str, ...]:
    """The clauses that an ingredient's outcome rests on beyond those that its checks name."""
    clauses: tuple[str, ...] = getattr(value, "rests_on", ())
    return clauses


def _phrases(met: Circumstances) -> list[str]:
    answers = {"fail": "the snapshot fails", "hang": "the snapshot never returns"}
    phrases = [met.place.words] if met.place != PLAIN_PLACE else []
    phrases += [f"on {met.filesystem}"] if met.filesystem != "ext4" else []
    phrases += [] if met.configured else ["there is no config"]
    phrases += [f"the plugin-host file {met.plugin_host.words}"] if met.plugin_host else []
    phrases += [f"the config {met.config_file.words}"] if met.config_file else []
    phrases += [f"the config {met.content.words}"] if met.content else []
    phrases += _setting("continueBackupOnFailure", met.go_on)
    phrases += _setting("fsFreezeEnabled", met.fsfreeze)
    phrases += ["others may write to the scripts' folder"] if met.open_folder else []
    for which, file, does, retries in (
        ("pre", met.pre_file, met.pre, met.pre_retries),
        ("post", met.post_file, met.post, met.post_retries),
    ):
        phrases += [f"the {which}-script {file.words}"] if file else []
        phrases += [f"the {which}-script {does.words}"] if does != SUCCEEDS else []
        phrases += [f"{which}ScriptNoOfRetries is {retries}"] if retries else []
    phrases += [f"the parameters {list(met.parameters)}"] if met.parameters else []
    phrases += [met.change.words] if met.change else []
    phrases += [met.meddling.words] if met.meddling else []
    return [*phrases, *([answers[met.snapshot]] if met.snapshot in answers else [])]


def _setting(key: str, value: bool | None) -> list[str]:
    if value is True:
        return []
    return [f"{key} is false" if value is False else f"{key} is left out"]
