"""How often the filesystem oracle is right: real sets under load, frozen and not.

For each filesystem COUNT sets of each kind, and what the evidence says of them: the host's live
probes and counters alone, the image alone, both together (what `harness.oracles.filesystem` says).
An idle disk, or a torn copy, is where one kind alone goes wrong: these are no part of this table.
Then the atomic set: a counter that is written to one disk and then to another, in sets and, as the
control, in plain live copies. Prints the tables as Markdown; the last run stands in
bench/results/filesystem_oracle.md.

    python -m bench.filesystem_oracle [COUNT]
"""

from __future__ import annotations

import argparse
import platform
import shlex
import sys
from collections import Counter
from collections.abc import Iterable, Sequence

from bench.real_sets import Taken, ahead, sets, two_disks
from harness.history import Consistency, Filesystem
from harness.machines.engine import Engine
from harness.machines.host import Host
from harness.machines.images import BASE, ensure_image
from harness.machines.runs import new_run_id

FILESYSTEMS: tuple[Filesystem, ...] = ("ext4", "xfs", "btrfs")
COUNT = 20
ORDERED_COUNT = 10

_TABLE_HEAD = """\
| filesystem | truth | sets | probes: frozen | image: frozen | file-system | crash | none | wrong |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |"""


def confusion(taken: Iterable[Taken]) -> list[str]:
    """A row for each filesystem and truth: how many sets each kind of evidence calls frozen."""
    rows = _TABLE_HEAD.splitlines()
    groups: dict[tuple[str, bool], list[Taken]] = {}
    for one in taken:
        groups.setdefault((one.filesystem, one.frozen), []).append(one)
    for (filesystem, frozen), group in groups.items():
        both = Counter(one.together for one in group)
        due: Consistency = "file-system" if frozen else "crash"
        cells = (
            filesystem,
            "frozen" if frozen else "written to",
            len(group),
            sum(one.live == "file-system" for one in group),
            sum(one.image == "file-system" for one in group),
            both["file-system"],
            both["crash"],
            both["none"],
            len(group) - both[due],
        )
        rows.append("| " + " | ".join(str(cell) for cell in cells) + " |")
    return rows


def order(host: Host, filesystem: Filesystem) -> list[str]:
    """Rows of the ordered writes: sets, then plain copies."""
    rows = []
    for plain in (False, True):
        found = list(
            ahead(host, two_disks(filesystem), ORDERED_COUNT, f"ordered-{filesystem}", plain=plain)
        )
        reversed_ = sum(n is None or n < 0 for n in found)
        shown = ", ".join("no mount" if n is None else str(n) for n in found)
        what = "plain copy" if plain else "set"
        rows.append(f"| {filesystem} | {what} | {len(found)} | {reversed_} | {shown} |")
    return rows


def main(options: Sequence[str] = ()) -> int:
    """Print both tables; exits 1 where the oracle was wrong or a set was reversed.

    `--sets N`: so many frozen and so many written-to sets of each filesystem.
    """
    parser = argparse.ArgumentParser(prog="python -m bench filesystem_oracle")
    parser.add_argument("--sets", type=int, default=COUNT)
    count = parser.parse_args(list(options)).sets
    engine = Engine.connect()
    image = ensure_image(engine, BASE, lambda text: print(text, file=sys.stderr))
    taken: list[Taken] = []
    rows: list[str] = []
    with Host.start(engine, new_run_id(), image) as host:
        for filesystem in FILESYSTEMS:
            for one in sets(host, filesystem, count, "bench"):
                taken.append(one)
                if (one.together == "file-system") != one.frozen:
                    print(f"wrong: {one}", file=sys.stderr, flush=True)
        print("# The filesystem oracle on real sets under load\n")
        command = shlex.join(["python", "-m", "bench", "filesystem_oracle", *options])
        print(f"`{command}`, kernel {'.'.join(platform.release().split('.')[:2])}\n")
        print("\n".join(confusion(taken)), flush=True)
        for filesystem in FILESYSTEMS:
            rows += order(host, filesystem)
    engine.close()
    print("\nA counter, first on disk a, then on disk b; how far a is ahead in each set:\n")
    print("| filesystem | taken as | sets | reversed | a - b |\n| --- | --- | --- | --- | --- |")
    print("\n".join(rows))
    wrong = sum((one.together == "file-system") != one.frozen for one in taken)
    reversed_ = any(" | set | " in row and f" | {ORDERED_COUNT} | 0 | " not in row for row in rows)
    return 1 if wrong or reversed_ else 0
