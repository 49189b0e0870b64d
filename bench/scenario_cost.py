"""What a conformance scenario costs, in units of `docker run --rm IMAGE true`.

Suite wall times workers by scenarios, without the scenarios that wait for a bound of the contract,
over the median wall of the plain container start at the same concurrency, both interleaved in one
run.
Beside it the machine's CPU time for each scenario.
"""

from __future__ import annotations

import itertools
import json
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from harness.machines.engine import Engine
from harness.machines.images import BASE, ensure_image

WORKERS = 4
STARTS = 16
ROUNDS = 3


def busy_seconds() -> float:
    """CPU time of the whole machine so far, idle and waiting left out."""
    fields = [int(word) for word in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
    idle = fields[3] + fields[4]
    return (sum(fields[:8]) - idle) / 100


def plain_starts(address: str, image: str) -> tuple[list[float], float]:
    """Walls of STARTS plain containers, WORKERS at a time, and CPU of one; seconds."""

    def one(_: int) -> float:
        began = time.monotonic()
        command = ["docker", "-H", address, "run", "--rm", image, "true"]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
        return time.monotonic() - began

    before = busy_seconds()
    with ThreadPoolExecutor(WORKERS) as pool:
        walls = list(pool.map(one, range(STARTS)))
    return walls, (busy_seconds() - before) / STARTS


def suite() -> tuple[float, int, float]:
    """Wall seconds, scenarios and CPU seconds of one conformance run without the waits."""
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable, "-m", "pytest", "-q", "scenarios", "-n", str(WORKERS),
            "--dist", "worksteal", "-m", "not slow_by_contract", "--out", folder,
        ]  # fmt: skip
        cpu, began = busy_seconds(), time.monotonic()
        done = subprocess.run(command, check=False, capture_output=True, timeout=1200)
        if done.returncode:
            raise SystemExit(f"the suite failed:\n{done.stdout.decode(errors='replace')}")
        wall, used = time.monotonic() - began, busy_seconds() - cpu
        lines = (Path(folder) / "results.jsonl").read_text().splitlines()
        return wall, sum(json.loads(line)["type"] == "scenario" for line in lines), used


def main() -> int:
    """Print the figures; the ratio is what counts, the machine is shared.

    Each round's cost is held against the plain starts right before and right after it.
    """
    engine = Engine.connect()
    image = ensure_image(engine, BASE, print)
    engine.close()
    starts = [plain_starts(engine.address, image)]
    costs, cpu = [], []
    for _ in range(ROUNDS):
        wall, count, spent = suite()
        starts.append(plain_starts(engine.address, image))
        costs.append(wall * WORKERS / count)
        cpu.append(spent / count)
        print(f"suite: {wall:.1f} s wall, {count} scenarios, {WORKERS} workers", flush=True)
    around = [statistics.median(a + b) for (a, _), (b, _) in itertools.pairwise(starts)]
    ratios = [cost / plain for cost, plain in zip(costs, around, strict=True)]
    plain = statistics.median(wall for walls, _ in starts for wall in walls)
    spent = statistics.median(each for _, each in starts)
    print(
        f"docker run --rm IMAGE true, {WORKERS} at a time: median {plain * 1000:.0f} ms, "
        f"{spent:.2f} s CPU"
    )
    cost, used = statistics.median(costs), statistics.median(cpu)
    print(f"a scenario: median {cost * 1000:.0f} ms of a worker, {used:.2f} s CPU")
    print(
        f"ratio: {statistics.median(ratios):.2f} "
        f"(each round: {', '.join(f'{ratio:.2f}' for ratio in ratios)})"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
