"""A realistic record of a conformance run, to render and to test against.

Built, not recorded: every number follows from a seed, so that pictures and tests are the same
each time.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from harness.history import (
    Application,
    Disk,
    DiskAtSnapshot,
    ExecutorEnd,
    Fault,
    Freeze,
    Harm,
    History,
    Mark,
    Outcome,
    ScriptRun,
    Snapshot,
)
from harness.results.record import (
    CheckLine,
    ExecutorInfo,
    Header,
    Line,
    PlanLine,
    RunLine,
    ScenarioLine,
    Status,
)

BOOT = 5_120.0
CLAUSES = {
    "FBK-01.status": "Both scripts succeeded and the snapshot was taken: the backup succeeded.",
    "FBK-01.consistency": "Both scripts succeeded and nothing failed to freeze: the backup is "
    "application consistent.",
    "FBK-03.post-runs": "The pre-script failed or ran out of time: the post-script runs "
    "nevertheless, so that no application is left quiesced.",
    "FBK-07.claim": "The level that is claimed is never above the level that the snapshot set "
    "shows when it is examined.",
    "FRZ-03.thawed": "Whatever happens, no filesystem stays frozen.",
    "RUN-03.attempts": "A failing script is run again at most NoOfRetries times.",
    "RUN-05.tree": "At the deadline the script's whole process tree is ended within 5 s.",
    "RUN-09.umask": "A script runs with umask 022, whatever the caller had.",
    "PLG-01.exit": "The executor exits 0 when it says succeeded, 1 when it says failed.",
}
HOSTILE = (
    "\x1b[31mred\x1b[0m \x1b]0;owned\x07<script>alert(1)</script> & \"quotes\" 'single'\n"
    "bad bytes \udcff\udcfe, a bell \x07, turned \u202etxt.exe\n</pre></body>"
)
LOG = """\
12:40:02.114 recover   nothing to recover
12:40:02.115 precheck  config /etc/azure/VMSnapshotScriptPluginConfig.json is sound
12:40:02.117 precheck  /opt/kit/pre.sh, /opt/kit/post.sh: root, 0700
12:40:02.118 pre       attempt 1 of 3: /opt/kit/pre.sh
12:40:02.560 pre       attempt 1 ended with 0 after 0.442 s
12:40:02.561 freeze    /var/lib/ledger (ext4, 7:3)
12:40:02.598 freeze    /srv/archive (xfs, 7:4)
12:40:02.641 snapshot  requested
12:40:02.688 snapshot  taken after 0.047 s
12:40:02.689 thaw      /srv/archive
12:40:02.690 thaw      /var/lib/ledger
12:40:02.692 post      attempt 1 of 1: /opt/kit/post.sh
12:40:02.901 post      attempt 1 ended with 0 after 0.209 s
12:40:02.902 verdict   succeeded, application consistent
"""


def conform_header() -> Header:
    return Header(
        suite="0.1.0",
        command="snapcert conform --executor command:./vendor-agent --rules 2025-04 --fs ext4,xfs",
        rules="2025-04",
        executor=ExecutorInfo(
            "vendor-agent",
            "2.4.1",
            "command",
            "sha256:9f2c41d07be5",
            {"ROB-05": "keeps no journal: an interrupted run is not recovered"},
        ),
        engine="docker 20.10.24",
        kernel="6.18.5",
        image="snapcert-guest:bookworm@sha256:41ab07c2",
        seed=20_417,
        started="2026-11-23T12:40:01Z",
        workers=2,
    )


def disk(name: str, filesystem: str, mountpoint: str, number: int) -> Disk:
    return Disk(name, filesystem, mountpoint, f"7:{number}", 256 << 20)  # type: ignore[arg-type]


def history(
    run: str,
    scenario: str,
    *,
    disks: tuple[Disk, ...],
    pre: tuple[tuple[float, float], ...] = ((0.02, 0.45),),
    freeze: tuple[float, float] | None = (0.47, 0.60),
    snapshot: tuple[float, float] | None = (0.53, 0.58),
    post: tuple[tuple[float, float], ...] = ((0.61, 0.82),),
    length: float = 0.9,
    faults: tuple[Fault, ...] = (),
    application: Application | None = None,
    log: str = LOG,
    rescued: bool = False,
    hung: bool = False,
    killed: float | None = None,
    executor: str = "vendor-agent",
    unanswered: float | None = None,
) -> History:
    """One run; all instants are seconds after its beginning."""
    at = BOOT
    freezes: tuple[Freeze, ...] = ()
    if freeze is not None:
        freezes = tuple(
            Freeze(
                d.name,
                at + freeze[0] + i * 0.03 - 0.004,
                at + freeze[0] + i * 0.03,
                at + freeze[1] - i * 0.002,
                at + freeze[1] - i * 0.002 + 0.005,
                rescued,
            )
            for i, d in enumerate(disks)
        )
    snapshots: tuple[Snapshot, ...] = ()
    if unanswered is not None:
        snapshots = (Snapshot(1, at + unanswered, None, None),)
    if snapshot is not None:
        still = DiskAtSnapshot(freeze is not None, freeze is not None, 4, 4, 0, 0)
        width = snapshot[1] - snapshot[0]
        snapshots = (
            Snapshot(
                1,
                at + snapshot[0],
                at + snapshot[1],
                0,
                f"{run}-set1",
                at + snapshot[0] + width * 0.3,
                at + snapshot[0] + width * 0.5,
                {d.name: still for d in disks},
            ),
        )
    runs = tuple(ScriptRun("pre", 100 + i, at + a, at + b) for i, (a, b) in enumerate(pre)) + tuple(
        ScriptRun("post", 200 + i, at + a, at + b) for i, (a, b) in enumerate(post)
    )
    marks = tuple(
        Mark(r.started + 0.004, r.script, "start", n + 1, r.pid, (f"/opt/kit/{r.script}.sh",))
        for n, r in enumerate(runs)
    )
    ended = at + length
    return History(
        id=run,
        scenario=scenario,
        executor=executor,
        shape="data",
        single_disk=False,
        disks=disks,
        began=at,
        ended=ended,
        end=ExecutorEnd(
            started=at + 0.01,
            ended=at + (killed if killed is not None else length - 0.02),
            exit_status=None if hung or killed is not None else 0,
            signal=9 if hung or killed is not None else None,
            hung=hung,
            killed=None if killed is None else at + killed,
            outcome=None if hung or killed is not None else Outcome("succeeded", "application"),
            log_tail=log,
        ),
        marks=marks,
        script_runs=runs,
        freezes=freezes,
        snapshots=snapshots,
        faults=faults,
        application=application,
    )


def check(
    scenario: str,
    clause: str,
    status: Status = "passed",
    *,
    expected: str = "status succeeded",
    observed: str = "status succeeded",
    harm: Harm | None = None,
    consequence: str = "",
    run: str = "",
    filesystem: str = "ext4",
) -> CheckLine:
    return CheckLine(
        scenario=scenario,
        run=run,
        clause=clause,
        rule=clause.split(".", maxsplit=1)[0],
        basis="seed",
        status=status,
        expected=expected,
        observed=observed,
        harm=harm.name.lower().replace("_", "-") if harm else "",
        consequence=consequence,
        filesystem=filesystem,
        shape="data",
    )


def conform_lines() -> Iterator[Line]:
    """Passes, warnings, failures of several harms, a hang, skips; 36 scenarios."""
    areas = ("errors", "freeze", "retries", "verdict")
    names = ("not_found", "permission", "timeout", "success", "bad_config", "retry_succeeds")
    plain_ids = [
        f"scenarios/test_{area}.py::test_{name}[{fs}]"
        for area in areas
        for name in names
        for fs in ("ext4",)
    ]
    special = {
        "claims": "scenarios/test_freeze.py::test_claim_is_not_above_the_set[xfs]",
        "kill": "scenarios/test_robustness.py::test_killed_between_freeze_and_thaw[ext4]",
        "umask": "scenarios/test_scripts.py::test_environment[ext4]",
        "hang": "scenarios/test_freeze.py::test_snapshot_hangs[ext4]",
        "skip": "scenarios/test_freeze.py::test_nested_mounts[btrfs]",
        "na": "scenarios/test_robustness.py::test_recovery[ext4]",
        "hostile": "scenarios/test_scripts.py::test_output_is_kept[ext4]",
        "retry": "scenarios/test_retries.py::test_third_attempt_succeeds[ext4]",
    }
    yield PlanLine((*plain_ids, *special.values()))
    one = (disk("data", "ext4", "/data", 3),)
    two = (disk("data", "xfs", "/data", 3), disk("archive", "xfs", "/srv/archive", 4))
    chance = random.Random(3)
    for number, scenario in enumerate(plain_ids):
        run = f"r{number:03d}"
        stretch = chance.uniform(0.8, 1.6)
        made = history(
            run,
            scenario,
            disks=one,
            pre=((0.02, 0.45 * stretch),),
            freeze=(0.47 * stretch, 0.6 * stretch),
            snapshot=(0.53 * stretch, 0.58 * stretch),
            post=((0.61 * stretch, 0.82 * stretch),),
            length=0.9 * stretch,
        )
        yield RunLine(run, scenario, made)
        yield check(scenario, "FBK-01.status", run=run)
        yield check(
            scenario,
            "FBK-01.consistency",
            run=run,
            expected="consistency application",
            observed="consistency application",
        )
        yield ScenarioLine(
            scenario, "passed", 0.9 * stretch, replay=f"snapcert conform -k '{scenario}'"
        )
    yield from _special(special, one, two)


def _special(ids: dict[str, str], one: tuple[Disk, ...], two: tuple[Disk, ...]) -> Iterator[Line]:
    def replay(name: str) -> str:
        return f"snapcert conform --executor command:./vendor-agent -k '{ids[name]}'"

    yield RunLine(
        "r100",
        ids["claims"],
        history("r100", ids["claims"], disks=two, freeze=(0.47, 0.54), snapshot=(0.55, 0.59)),
    )
    yield check(
        ids["claims"],
        "FBK-07.claim",
        "failed",
        run="r100",
        filesystem="xfs",
        expected="at most crash: both disks were thawed 8 ms before the set was taken",
        observed="status file claims application; log of disk archive holds INODE items",
        harm=Harm.FALSE_CONSISTENCY,
        consequence="The backup is reported as application consistent, but a restore may lose or "
        "tear what the application wrote.",
    )
    yield check(ids["claims"], "FBK-01.status", run="r100", filesystem="xfs")
    yield ScenarioLine(ids["claims"], "failed", 1.4, replay=replay("claims"))
    yield RunLine(
        "r101",
        ids["kill"],
        history(
            "r101",
            ids["kill"],
            disks=one,
            freeze=(0.5, 75.0),
            snapshot=None,
            post=(),
            length=78.0,
            faults=(Fault(BOOT + 0.62, "kill executor (SIGKILL)"),),
            rescued=True,
            killed=0.62,
        ),
    )
    yield check(
        ids["kill"],
        "FRZ-03.thawed",
        "failed",
        run="r101",
        expected="every disk thawed within 10 s of the kill",
        observed="disk data was frozen until the host's rescue thawed it after 75.0 s",
        harm=Harm.LEFT_FROZEN,
        consequence="Every write to /data blocks until somebody thaws it by hand.",
    )
    yield check(
        ids["kill"],
        "FBK-03.post-runs",
        "failed",
        run="r101",
        expected="the post-script runs, at the latest at the next run",
        observed="no start of the post-script was seen",
        harm=Harm.LEFT_BEHIND,
        consequence="The application stays quiesced.",
    )
    yield ScenarioLine(ids["kill"], "failed", 79.3, replay=replay("kill"))
    yield RunLine("r102", ids["umask"], history("r102", ids["umask"], disks=one))
    yield check(
        ids["umask"],
        "RUN-09.umask",
        "warned",
        run="r102",
        expected="umask 022",
        observed="umask 077",
        harm=Harm.CONTRACT,
        consequence="Files that a script makes may not be readable by the application.",
    )
    yield ScenarioLine(ids["umask"], "warned", 1.1, replay=replay("umask"))
    yield RunLine(
        "r103",
        ids["hang"],
        history(
            "r103",
            ids["hang"],
            disks=one,
            freeze=(0.5, 60.1),
            snapshot=None,
            post=(),
            length=96.0,
            hung=True,
            unanswered=0.55,
            faults=(Fault(BOOT + 0.55, "snapshot never answers"),),
        ),
    )
    yield ScenarioLine(
        ids["hang"],
        "hung",
        97.2,
        message="the executor was still running at its overall deadline of 95 s and was ended",
        remedy="bound the wait for the snapshot command (SNP-02): thaw first, then end it",
        ref="SNP-02",
        replay=replay("hang"),
    )
    yield ScenarioLine(
        ids["skip"],
        "skipped",
        0.0,
        skipped_reason="btrfs was not among the filesystems of this run",
    )
    yield ScenarioLine(
        ids["na"],
        "not-applicable",
        0.0,
        skipped_reason="declared by the executor: keeps no journal",
    )
    yield RunLine(
        "r104",
        ids["hostile"],
        history("r104", ids["hostile"], disks=one, log=HOSTILE + "\n" + LOG),
    )
    yield check(
        ids["hostile"],
        "PLG-01.exit",
        "failed",
        run="r104",
        expected="exit status 0 with status succeeded",
        observed=f"exit status 3; the log says {HOSTILE}",
        harm=Harm.CONTRACT,
        consequence="Whoever reads only the exit status takes a good backup for a failed one.",
    )
    yield ScenarioLine(ids["hostile"], "failed", 1.0, replay=replay("hostile"))
    yield RunLine(
        "r105",
        ids["retry"],
        history(
            "r105",
            ids["retry"],
            disks=two,
            pre=((0.02, 0.31), (0.33, 0.6), (0.62, 1.9)),
            freeze=(1.95, 2.12),
            snapshot=(2.0, 2.09),
            post=((2.14, 2.4), (2.42, 2.8)),
            length=2.9,
        ),
    )
    yield check(
        ids["retry"],
        "RUN-03.attempts",
        run="r105",
        expected="3 attempts",
        observed="3 attempts",
        filesystem="xfs",
    )
    yield ScenarioLine(ids["retry"], "passed", 3.2, replay=replay("retry"))
