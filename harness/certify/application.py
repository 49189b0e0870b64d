"""A kit's application in one guest: installed, started, put under load, asked, ended.

Whatever the kit's own commands do wrong is a `KitFailed` that names the command, how it ended and
what it printed: that speaks against the kit, while a Problem of the machines does not.
"""

from __future__ import annotations

import signal
import time

from harness.certify.kit import Kit
from harness.certify.ledger import Held, is_ledger, read_verification, read_workload
from harness.certify.manifest import KIT_FOLDER, Command
from harness.contract.config import CONFIG_PATH, Config
from harness.history import Operation
from harness.machines.files import GuestFile
from harness.machines.guest import CommandResult, Guest, Process
from harness.problem import UsageProblem

#: The environment of every command of a kit, before the kit's own.
_ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LANG": "C.UTF-8",
}

#: `ready` is asked again this often, in seconds: an application tells nobody that it is up.
_ASK_AGAIN = 0.05
#: A workload has been at work for so long when a backup begins, in seconds: more than the start of
#: a script may be told late (`oracles.instants.EVENT_LATE`).
_LASTS = 0.6
#: A workload that was told to end gets this long.
_END = 10.0
#: Bytes of a verification that are read; a ledger of some ten thousand operations.
_VERIFICATION = 16 * 1024**2
_TAIL = 2000


class KitFailed(AssertionError):
    """The kit's application did not do what kit.toml says; no problem of the machines."""


def kit_files(kit: Kit) -> tuple[GuestFile, ...]:
    """The kit's folder, and the files that it installs elsewhere, as a guest gets them."""
    files = [
        GuestFile(f"{KIT_FOLDER}/{file.path}", file.content, "0755" if file.executable else "0644")
        for file in kit.files.values()
    ]
    files += [
        GuestFile(install.target, kit.files[install.source].content, f"{install.mode:04o}")
        for install in kit.manifest.installs
    ]
    if kit.manifest.secrets is not None:
        files.append(GuestFile(kit.manifest.secrets.target, kit.secrets.as_file(), "0600"))
    return tuple(files)


def script_files(kit: Kit) -> tuple[GuestFile, ...]:
    """The config and the scripts where the framework looks for them, with the kit's modes."""
    config, scripts = usable_config(kit), kit.manifest.scripts
    return (
        GuestFile(CONFIG_PATH, kit.config_file.content, f"{scripts.config_mode:04o}"),
        GuestFile(config.pre_location, kit.pre.content, f"{scripts.pre_mode:04o}"),
        GuestFile(config.post_location, kit.post.content, f"{scripts.post_mode:04o}"),
    )


def usable_config(kit: Kit) -> Config:
    """The kit's config; a UsageProblem where executors would refuse it."""
    config = kit.config
    if not isinstance(config, Config):
        raise UsageProblem(
            f"{kit.folder / kit.config_file.path}: {config.detail}",
            "mend the config; level 1 shows all that is wrong with a kit",
            "CFG-03",
        )
    return config


class Application:
    """The application of one kit in one guest. `operations` are all of its workloads' so far."""

    def __init__(self, kit: Kit, guest: Guest) -> None:
        self._kit = kit
        self._commands = kit.manifest.commands
        self._secrets = kit.secrets
        self._environment = {**_ENVIRONMENT, **kit.manifest.environment, **kit.secrets.values}
        self._guest = guest
        self._process: Process | None = None
        self._foreground = False
        self._workloads: list[Process] = []

    # -- life

    def install(self, *, empty: bool) -> None:
        """Bring the kit into a fresh guest; on `empty` disks the application's data too."""
        self._guest.put(*kit_files(self._kit), *script_files(self._kit))
        if self._commands.setup is not None:
            self._succeed("setup", self._commands.setup)
        if empty and self._commands.init is not None:
            self._succeed("init", self._commands.init)

    def start(self) -> float:
        """Start it and wait until it answers; the seconds that took."""
        command = self._commands.start
        began = time.monotonic()
        self._process = self._guest.spawn(
            "application", command.argv, env=self._environment, user=command.user
        )
        deadline = began + command.deadline + self._commands.ready.deadline
        while True:
            ended = self._process.ended
            if ended is not None and ended.exit != 0:
                raise KitFailed(
                    f"the application ended while it was started ({_how(ended.exit, ended.signal)})"
                    f"{self._end_of(ended.tail)}"
                )
            result = self._run(self._commands.ready)
            if result.ok:
                self._foreground = self._process.running
                return time.monotonic() - began
            if time.monotonic() > deadline:
                raise KitFailed(
                    f"the application was not ready within {deadline - began:g} s; `ready` last "
                    f"ended with {_how(result.exit, result.signal)}{_said(result.err)}"
                )
            time.sleep(_ASK_AGAIN)

    def revive(self, within: float) -> bool:
        """Wait until it answers again; one that has ended, or does not answer within so many
        seconds, is started once more. Whether that was needed.
        """
        until = time.monotonic() + within
        while not self.answers():
            ended = self._foreground and self._process is not None and not self._process.running
            if ended or time.monotonic() > until:
                self.start()
                return True
            time.sleep(_ASK_AGAIN)
        return False

    def stop(self) -> bool:
        """Stop it by the kit's own command; False where the kit has none."""
        if self._commands.stop is None:
            return False
        self._succeed("stop", self._commands.stop)
        if self._process is not None and not self._process.wait(self._commands.stop.deadline):
            raise KitFailed("the application still runs after its stop command succeeded")
        return True

    @property
    def log_tail(self) -> str:
        """The end of what an application that has ended had printed."""
        ended = self._process.ended if self._process else None
        tail = self._secrets.redactor.output(ended.tail, cut=True) if ended else b""
        return tail.decode(errors="replace")[-_TAIL:]

    def answers(self) -> bool:
        """Whether it answers now."""
        return self._run(self._commands.ready).ok

    # -- questions

    def state(self) -> str:
        """What must be the same before and after a backup."""
        return self._succeed("state", self._commands.state).out.decode(errors="surrogateescape")

    def verify(self) -> tuple[CommandResult, Held]:
        """Ask it what it holds."""
        result = self._run(self._commands.verify, limit=_VERIFICATION)
        if result.cut:
            raise KitFailed(f"`verify` printed more than {_VERIFICATION} bytes")
        return result, read_verification(result.out.decode(errors="surrogateescape"))

    # -- load

    def load(self, before: int, within: float) -> None:
        """Start the workload; wait until so many operations were acknowledged, or KitFailed.

        Once more where an earlier one has ended. However fast it is, it has been at work for a
        while then: what was acknowledged right before a backup proves nothing of it.
        """
        command = self._commands.workload
        name = f"workload-{len(self._workloads) + 1}"  # each tells its lines by its name
        self._workloads.append(
            self._guest.spawn(
                name, command.argv, env=self._environment, user=command.user, lines=True
            )
        )
        lasts = self._workloads[-1].started + _LASTS
        if not (
            self.wait_acknowledged(before, 0.0, within) and self.wait_acknowledged(1, lasts, within)
        ):
            self.require_load()
            count = sum(o.acknowledged is not None for o in self.end_load())
            raise KitFailed(
                f"the workload had {count} operations acknowledged within {within:g} s, "
                f"{before} are needed"
            )

    def wait_acknowledged(self, count: int, since: float, deadline: float) -> bool:
        """Wait until `count` operations were acknowledged after the instant `since`."""
        workload = self._require_workload()
        seen = 0

        def enough(line: str) -> bool:
            nonlocal seen
            word, _, rest = line.partition(" ")
            seen += word == "ok" and _instant_of(rest) >= since
            return seen >= count

        return workload.wait_line(enough, deadline) is not None

    @property
    def loaded(self) -> bool:
        """Whether the workload runs."""
        return bool(self._workloads) and self._workloads[-1].running

    def require_load(self) -> None:
        """Raise KitFailed where the workload has ended by itself."""
        ended = self._require_workload().ended
        if ended is not None:
            raise KitFailed(
                f"the workload ended by itself ({_how(ended.exit, ended.signal)}); it must go on "
                f"until it is told to end{self._end_of(_without_ledger(ended.tail))}"
            )

    def end_load(self, *, disturbed: bool = False) -> tuple[Operation, ...]:
        """End the workload; all operations that were tried, by earlier ones too.

        `disturbed`: what it worked on failed under it, so that it may have said so between its
        lines, which is left out.
        """
        workload = self._require_workload()
        if workload.running:
            workload.kill(signal.SIGTERM)
            if workload.wait(_END) is None:
                workload.kill(signal.SIGKILL, tree=True)
                workload.wait(_END)
        lines = (text for process in self._workloads for _, text in process.lines())
        operations, problems = read_workload(filter(is_ledger, lines) if disturbed else lines)
        if problems:
            raise KitFailed("the workload's lines can't be read:\n  " + "\n  ".join(problems))
        return operations

    def _require_workload(self) -> Process:
        if not self._workloads:
            raise ValueError("no workload was started")
        return self._workloads[-1]

    # -- commands

    def _run(self, command: Command, limit: int = 1 << 20) -> CommandResult:
        return self._secrets.redacted(
            self._guest.run(
                command.argv,
                env=self._environment,
                user=command.user,
                deadline=command.deadline,
                limit=limit,
            )
        )

    def _end_of(self, tail: bytes) -> str:
        """The end of what a process that has ended had printed, as an appendix to a sentence."""
        return _said(self._secrets.redactor.output(tail, cut=True))

    def _succeed(self, name: str, command: Command) -> CommandResult:
        result = self._run(command)
        if result.ok:
            return result
        how = (
            f"did not end within {command.deadline:g} s"
            if result.timed_out
            else f"ended with {_how(result.exit, result.signal)}"
        )
        raise KitFailed(f"`{name}` ({' '.join(command.argv)}) {how}{_said(result.err)}")


def _instant_of(rest: str) -> float:
    try:
        return float(rest.rsplit(maxsplit=1)[-1])
    except (IndexError, ValueError):
        return float("-inf")


def _without_ledger(tail: bytes) -> bytes:
    """What a workload said beside the ledger's lines."""
    lines = tail.splitlines(keepends=True)[1:]  # the first one may be cut
    return b"".join(line for line in lines if not line.startswith((b"try ", b"ok ")))


def _how(status: int | None, number: int | None) -> str:
    return f"signal {number}" if status is None else f"exit status {status}"


def _said(output: bytes) -> str:
    text = output.decode(errors="replace").strip()[-_TAIL:]
    return f": {text}" if text else ""
