"""The suite as a pytest plugin: options, fixtures and hooks.

`snapcert conform` and `snapcert certify` run pytest with this plugin; `pytest scenarios/` in a
checkout loads it through the root conftest. The controller alone draws and writes the record; a
worker runs scenarios and sends their lines in its reports.
"""

from __future__ import annotations

import gc
import shlex
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from harness.history import Filesystem
from harness.machines.layout import Layout
from harness.problem import Problem
from harness.scenario.again import failed_of
from harness.scenario.case import Case, Workplace
from harness.scenario.chance.trial import Trials
from harness.scenario.controller import LEFT, LEFT_OUT, LINES, Controller, stop
from harness.scenario.layouts import LAYOUTS
from harness.scenario.options import (
    FILESYSTEMS,
    USUAL_SITUATIONS,
    Options,
    fresh_seed,
    parse_filesystems,
    parse_rules,
)
from harness.scenario.replay import Stored, chosen, not_stored
from harness.scenario.worker import KEEP_SECONDS, Recorder, Worker

#: The plugin of hypothesis, where that is installed.
_HYPOTHESIS = "hypothesispytest"

_OPTIONS = pytest.StashKey[Options]()
_WORKER = pytest.StashKey[Worker]()
_RECORDER = pytest.StashKey[Recorder]()
_LEFT_OUT = pytest.StashKey[list[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("snapcert", "conformance and certification of backup executors")
    group.addoption("--executor", default="reference", help="reference, or command:PATH")
    group.addoption("--rules", default=None, help="2017-04, 2025-04 or strict")
    group.addoption("--fs", default=",".join(FILESYSTEMS), help="filesystems, comma separated")
    group.addoption("--out", default="reports/latest", help="folder of the record and reports")
    group.addoption("--kit", default=None, help="folder of the script kit to certify")
    group.addoption("--env-file", default=None, help="secrets that the kit asks for, mode 600")
    group.addoption("--level", type=int, default=4, help="level of certification, 1 to 4")
    group.addoption("--rounds", type=int, default=5, help="backups under load (level 3 and up)")
    group.addoption(
        "--seed",
        type=int,
        default=None,
        help="decides what is drawn by chance: situations, and the instant of a round's backup",
    )
    group.addoption(
        "--situations",
        type=int,
        default=USUAL_SITUATIONS,
        help="how many situations are drawn by chance; as many sequences of runs as a quarter",
    )
    group.addoption("--key", default=None, help="private key that signs the certificate of a kit")
    group.addoption("--valid-days", type=int, default=365, help="how long a certificate holds")
    group.addoption("--rerun-failed", default=None, help="a record: only what failed in it")
    group.addoption("--replay", default=None, help="a record: judge its runs again, run nothing")
    group.addoption("--replay-run", default="", help="judge only this run of it again")
    group.addoption("--known-deviations", default=None, help="file of failures that are accepted")
    group.addoption("--keep-failed", action="store_true", help="keep the guests of what failed")
    group.addoption(
        "--timeout-scale",
        type=float,
        default=1.0,
        help="multiplies deadlines of executors and applications",
    )
    group.addoption(
        "--speed", type=int, default=1, help="lets the fixed waits of an executor pass faster"
    )
    group.addoption("--live", action="store_true", help="draw snapcert's own view of the run")
    group.addoption("--quiet-view", action="store_true", help="only failures and the verdict")
    group.addoption("--json-view", action="store_true", help="the verdict as JSON on stdout")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "guest(*layouts, every_filesystem=False, only=None): run in a guest of each of these "
        "layouts, on the first filesystem of --fs, on every one, or on the only one that it has",
    )
    config.addinivalue_line("markers", "slow_by_contract: waits for a bound of the contract")
    carried = getattr(config, "workerinput", {}).get(LINES)
    if carried is not None or _asks_for_scenarios(config):
        # At the end of a run it imports all of hypothesis, in every process; no scenario uses it.
        config.pluginmanager.unregister(name=_HYPOTHESIS)
    if carried is not None:
        config.stash[_OPTIONS] = Options.from_json(carried["options"])
        config.stash[_WORKER] = Worker(config.stash[_OPTIONS], carried["run"])
        return
    if not _asks_for_scenarios(config):
        return
    try:
        config.stash[_OPTIONS] = options = _options(config)
    except Problem as problem:
        stop(config, problem)
    controller = Controller(options, config, live=config.getoption("--live"))
    config.pluginmanager.register(controller, "snapcert-controller")
    config.stash[_WORKER] = Worker(options, controller.run_id)


def _asks_for_scenarios(config: pytest.Config) -> bool:
    return any("scenarios" in Path(arg.split("::")[0]).parts for arg in config.args)


def _options(config: pytest.Config) -> Options:
    seed = config.getoption("--seed")
    kit = config.getoption("--kit")
    executor = config.getoption("--executor")
    only, selection = _selection(config)
    return Options(
        executor=executor,
        rules=parse_rules(config.getoption("--rules"), executor),
        filesystems=parse_filesystems(config.getoption("--fs")),
        out=Path(config.getoption("--out")).absolute(),
        kit=Path(kit).absolute() if kit else None,
        env_file=Path(file).absolute() if (file := config.getoption("--env-file")) else None,
        level=config.getoption("--level"),
        rounds=config.getoption("--rounds"),
        seed=fresh_seed() if seed is None else seed,
        situations=config.getoption("--situations"),
        keep_failed=config.getoption("--keep-failed"),
        timeout_scale=config.getoption("--timeout-scale"),
        quiet=config.getoption("--quiet-view"),
        speed=config.getoption("--speed"),
        as_json=config.getoption("--json-view"),
        key=Path(key).absolute() if (key := config.getoption("--key")) else None,
        valid_days=config.getoption("--valid-days"),
        only=only,
        selection=selection,
        replay=Path(replay).absolute() if (replay := config.getoption("--replay")) else None,
        replay_run=config.getoption("--replay-run"),
        known_deviations=(
            Path(known).absolute() if (known := config.getoption("--known-deviations")) else None
        ),
    )


def _selection(config: pytest.Config) -> tuple[tuple[str, ...], str]:
    """The ids of the scenarios to run, () for all, and the options that chose a part of them."""
    words = ["-k", keyword] if (keyword := config.getoption("keyword", "")) else []
    only: tuple[str, ...] = ()
    if failed := config.getoption("--rerun-failed"):
        only = failed_of(Path(failed))
        words += ["--rerun-failed", failed]
    if replay := config.getoption("--replay"):
        run = config.getoption("--replay-run")
        only = Stored.of(Path(replay)).scenarios(run)
        words += [run] if run else []
    return only, shlex.join(words)


@pytest.hookimpl(tryfirst=True)
def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Certification is collected only with a kit, conformance only without one."""
    options = config.stash.get(_OPTIONS, None)
    if options is None or "scenarios" not in collection_path.parts:
        return None
    certification = "certification" in collection_path.parts
    module = collection_path.name.startswith("test_")
    return True if module and certification != (options.kit is not None) else None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One instance of a scenario for each layout, and each filesystem where that matters."""
    if "case" not in metafunc.fixturenames:
        return
    marker = metafunc.definition.get_closest_marker("guest")
    names = marker.args if marker and marker.args else ("data",)
    for name in names:
        if name not in LAYOUTS:
            raise pytest.UsageError(
                f"{metafunc.definition.nodeid}: unknown layout {name!r}; "
                f"known: {', '.join(sorted(LAYOUTS))}"
            )
    options = metafunc.config.stash.get(_OPTIONS, Options())
    chosen = options.filesystems
    # A record may be of any of them; the ids that it has then choose.
    every = options.replay is not None or (marker and marker.kwargs.get("every_filesystem", False))
    if not every:
        chosen = chosen[:1]
    if marker and marker.kwargs.get("only"):
        chosen = (marker.kwargs["only"],)
    pairs = [(name, filesystem) for name in names for filesystem in chosen]
    ids = [f"{name}-{filesystem}" for name, filesystem in pairs]
    metafunc.parametrize("case", pairs, indirect=True, ids=ids)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Scenarios of like guests stand together, so that a worker's host needs few templates.

    Where only some are to be run, the others are left out.
    """
    options = config.stash.get(_OPTIONS, None)
    if options is not None and options.only:
        kept, others = chosen(items, options.only)
        config.hook.pytest_deselected(items=others)
        items[:] = kept

    def likeness(item: pytest.Item) -> tuple[bool, str, str]:
        name, filesystem = _layout_name(item) or ("", "")
        rooted = bool(name) and LAYOUTS[name]("ext4").shape == "root-on-disk"
        return rooted, filesystem, name

    items.sort(key=likeness)


def _layout_name(item: pytest.Item | None) -> tuple[str, Filesystem] | None:
    """The layout and filesystem that a scenario's guest has, None for what has none."""
    param: tuple[str, Filesystem] | None
    param = getattr(getattr(item, "callspec", None), "params", {}).get("case")
    return param


def pytest_deselected(items: list[pytest.Item]) -> None:
    """A worker tells at its end what -k kept out: every worker the same."""
    if items:
        items[0].config.stash.setdefault(_LEFT_OUT, []).extend(item.nodeid for item in items)


def pytest_collection_finish() -> None:
    # What was imported and collected lives to the end: the collector need not walk it each time.
    gc.freeze()


# -- what a worker does


@pytest.fixture(scope="session")
def workplace(pytestconfig: pytest.Config) -> Workplace:
    """The worker's host, the executor under test and the rules that judge it."""
    return pytestconfig.stash[_WORKER].workplace()


@pytest.fixture(scope="session")
def snapcert_options(pytestconfig: pytest.Config) -> Options:
    """What the user asked for."""
    return pytestconfig.stash[_OPTIONS]


@pytest.fixture
def recorder(request: pytest.FixtureRequest) -> Recorder:
    """Takes the lines of this scenario; they reach results.jsonl when it has ended."""
    recorder = Recorder(request.node.nodeid, request.config.stash[_WORKER].redactor)
    request.node.stash[_RECORDER] = recorder
    return recorder


@pytest.fixture
def case(request: pytest.FixtureRequest, recorder: Recorder) -> Iterator[Case]:
    """A scenario's hands: a guest of the layout that its marker names."""
    worker = request.config.stash[_WORKER]
    name, filesystem = request.param
    layout = LAYOUTS[name](filesystem)
    case = worker.case(request.node.nodeid, layout, filesystem, recorder.add)
    worker.prepare_ahead(_layout_of_next(request.node))
    try:
        yield case
    finally:
        if worker.options.keep_failed and case.failed:
            recorder.kept = case.keep(KEEP_SECONDS)
        case.close()


@pytest.fixture
def trials(workplace: Workplace, recorder: Recorder, snapcert_options: Options) -> Trials:
    """Tries what is drawn by chance, each in a guest of its own."""
    if snapcert_options.replay is not None:
        not_stored("what is drawn by chance")
    return Trials(workplace, recorder, keep=snapcert_options.keep_failed)


@pytest.fixture
def host() -> None:
    """testinfra's `host` would silently be the machine that runs the tests."""
    pytest.fail("ask for `case` and use `case.guest.state`: `host` would be the test machine")


_NEXT = pytest.StashKey[pytest.Item | None]()


def _layout_of_next(item: pytest.Item) -> Layout | None:
    following = _layout_name(item.stash.get(_NEXT, None))
    return LAYOUTS[following[0]](following[1]) if following else None


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    item.stash[_NEXT] = nextitem


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    yield
    case = getattr(item, "funcargs", {}).get("case")
    if case is not None:
        case.conclude()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    recorder = item.stash.get(_RECORDER, None)
    if recorder is None and (item.config.stash.get(_OPTIONS, None) is None):
        return report
    if recorder is None:
        redactor = item.config.stash[_WORKER].redactor
        recorder = item.stash.setdefault(_RECORDER, Recorder(item.nodeid, redactor))
    if call.excinfo is not None and not report.skipped:
        recorder.failed(call.excinfo.value)
    if call.when == "teardown":
        documented = (getattr(item, "obj", None).__doc__ or "").strip().split("\n")[0]
        recorder.title = recorder.title or documented
        report.user_properties.append((LINES, recorder.to_json()))
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    worker = session.config.stash.get(_WORKER, None)
    if worker is None:
        return
    output = cast("dict[str, Any]", getattr(session.config, "workeroutput", {}))
    output[LEFT_OUT] = session.config.stash.get(_LEFT_OUT, [])
    try:
        worker.close()
    except Problem as problem:
        controller = session.config.pluginmanager.get_plugin("snapcert-controller")
        if controller is not None:
            controller.could_not_give_back(problem)
        else:
            output[LEFT] = [problem.message, problem.remedy, problem.ref]
