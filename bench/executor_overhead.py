"""What the reference executor adds between the end of pre-script and the start of post-script.

The time between the two, as the kernel reports the scripts' processes, without the FIFREEZE and
FITHAW calls (from the executor's own log) and without the snapshot command (from its call to its
answer). On one disk and on four.
"""

from __future__ import annotations

import re
import statistics

from harness import __version__
from harness.history import History
from harness.machines.engine import Engine
from harness.machines.host import Host
from harness.machines.images import BASE, ensure_image
from harness.machines.layout import DiskSpec, Layout, data_disks
from harness.machines.runs import new_run_id
from harness.scenario.given import Given, configured, scripts
from harness.targets.backup import backup
from harness.targets.reference import ReferenceTarget
from harness.targets.situation import Situation

RUNS = 15
BOUND_MS = 50.0
_CALLS = re.compile(r"(?:frozen in|all thawed in) (\d+\.\d+) s")


def overhead(history: History) -> float:
    """Seconds that the executor added in one run."""
    pre = [run.ended for run in history.script_runs if run.script == "pre"][-1]
    post = next(run.started for run in history.script_runs if run.script == "post")
    assert pre is not None
    calls = sum(float(seconds) for seconds in _CALLS.findall(history.end.log_tail))
    snapshot = history.snapshots[0]
    assert snapshot.answered is not None
    return post - pre - calls - (snapshot.answered - snapshot.requested)


def measure(host: Host, target: ReferenceTarget, layout: Layout) -> list[float]:
    """RUNS runs in a row in one guest, seconds."""
    situation = Situation(files=Given(configured(), scripts()).all_files(), timeout=10.0)
    with host.guest(layout) as guest:
        target.install(guest)
        histories = [
            backup(host, guest, target, situation, scenario="bench", shape=layout.shape)
            for _ in range(RUNS)
        ]
    return [overhead(history) for history in histories]


def main() -> int:
    """Print median and worst for one disk and for four; exit 1 above the bound."""
    engine = Engine.connect()
    image = ensure_image(engine, BASE, print)
    target = ReferenceTarget(__version__)
    worst = 0.0
    with Host.start(engine, new_run_id(), image) as host:
        for count in (1, 4):
            disks = [DiskSpec(f"d{n}", mountpoint=f"/disk{n}") for n in range(count)]
            found = [seconds * 1000 for seconds in measure(host, target, data_disks(*disks))]
            median = statistics.median(found)
            worst = max(worst, median)
            print(f"{count} disk(s): median {median:.1f} ms, worst {max(found):.1f} ms of {RUNS}")
    engine.close()
    print(f"bound: {BOUND_MS:g} ms at the median: {'kept' if worst < BOUND_MS else 'broken'}")
    return int(worst >= BOUND_MS)


if __name__ == "__main__":
    raise SystemExit(main())
