"""The launcher: the process from which everything in a guest descends that is not the agent.

Forked before the agent has any thread, it changes its root, sets the filter on itself, and from
then on does nothing but fork and exec what the agent asks for, and tell how it ended. It keeps no
state that matters: where it is killed, its children fall to the agent.

Over a SOCK_SEQPACKET pair. From the agent: b"enter" with one descriptor (JSON: root, allow_mount),
b"start N" with four (JSON of the job, stdin, stdout, stderr). To the agent: b"entered" with the
descriptor by which freezes are told, or b"entered ERROR", b"started N PID", b"refused N ERRNO
TEXT", b"exited PID STATUS".
"""

from __future__ import annotations

import array
import ctypes
import errno
import json
import os
import select
import signal
import socket

from . import linux, seccomp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

_MESSAGE = 64
_PR_SET_CHILD_SUBREAPER = 36
_WAKE = 65536


def fork_launcher() -> tuple[int, socket.socket]:
    """Fork the launcher; its pid and the agent's end of the connection. Before any thread."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    pid = os.fork()
    if pid:
        theirs.close()
        return pid, ours
    try:
        ours.close()
        _Launcher(theirs).serve()
    except Exception as error:  # noqa: BLE001 the agent reads the end of the link as a crash
        os.write(2, f"launcher: {error!r}\n".encode())
    finally:
        os._exit(1)


def send_job(link: socket.socket, verb: bytes, job: dict[str, Any], *files: int) -> None:
    """Send a job of any size: the JSON travels in a memfd, beside the descriptors."""
    body = os.memfd_create("job")
    try:
        with os.fdopen(os.dup(body), "wb") as out:
            out.write(json.dumps(job).encode("ascii"))
        rights = array.array("i", [body, *files])
        link.sendmsg([verb], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
    finally:
        os.close(body)


def received_files(ancillary: list[tuple[int, int, bytes]]) -> list[int]:
    """The descriptors that came with a message."""
    files = array.array("i")
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            files.frombytes(data[: len(data) - len(data) % files.itemsize])
    return list(files)


class _Launcher:
    def __init__(self, link: socket.socket) -> None:
        self._link = link
        self._execs: dict[int, tuple[bytes, int]] = {}  # exec pipe: job number, pid
        self._ended: dict[int, int] = {}  # ended before its start was told

    def serve(self) -> NoReturn:
        linux.undumpable()
        os.setsid()
        wake_read, wake_write = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        link = self._link.fileno()
        while True:
            ready, _, _ = select.select([link, wake_read, *self._execs], [], [])
            for pipe in ready:
                if pipe in self._execs:
                    self._told(pipe)
            if wake_read in ready:
                os.read(wake_read, _WAKE)
                self._reap()
            if link in ready:
                self._serve_one()

    def _serve_one(self) -> None:
        space = socket.CMSG_SPACE(4 * array.array("i").itemsize)
        verb, ancillary, _, _ = self._link.recvmsg(_MESSAGE, space, socket.MSG_CMSG_CLOEXEC)
        if not verb:
            os._exit(0)  # the agent is gone, and with it the container
        files = received_files(ancillary)
        with os.fdopen(files[0], "rb") as body:
            body.seek(0)
            job = json.loads(body.read().decode("ascii"))
        if verb == b"enter":
            self._enter(job)
        else:
            self._start(verb.split(b" ")[1], job, files[1:])
            for file in files[1:]:
                os.close(file)

    def _enter(self, job: dict[str, Any]) -> None:
        try:
            if job["root"] != "/":
                os.chroot(job["root"])
            os.chdir("/")
            listener = seccomp.install(os.uname().machine, job["allow_mount"])
        except (OSError, KeyError) as error:
            self._link.send(f"entered {error}".encode()[:_MESSAGE])
            return
        rights = array.array("i", [listener])
        self._link.sendmsg([b"entered"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
        os.close(listener)

    def _start(self, number: bytes, job: dict[str, Any], files: list[int]) -> None:
        told, tells = os.pipe2(os.O_CLOEXEC)
        try:
            pid = os.fork()
        except OSError as error:
            os.close(told)
            os.close(tells)
            self._refused(number, error.errno or 0, f"fork: {error.strerror}")
            return
        if pid == 0:
            _become(job, files, tells)
        os.close(tells)
        self._execs[told] = (number, pid)

    def _told(self, pipe: int) -> None:
        """The child's exec pipe: at its end the exec succeeded, else it says why not."""
        number, pid = self._execs.pop(pipe)
        text = os.read(pipe, 4096)
        os.close(pipe)
        if not text:
            self._link.send(b"started %s %d" % (number, pid))
            status = self._ended.pop(pid, None)
            if status is not None:
                self._link.send(b"exited %d %d" % (pid, status))
            return
        code, _, what = text.decode("utf-8", "replace").partition(" ")
        self._refused(number, int(code), what)
        self._ended.pop(pid, None)

    def _refused(self, number: bytes, code: int, what: str) -> None:
        self._link.send(b"refused %s %d %s" % (number, code, what.encode()))

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if any(pid == starting for _, starting in self._execs.values()):
                self._ended[pid] = status
            else:
                self._link.send(b"exited %d %d" % (pid, status))


def _become(job: dict[str, Any], files: list[int], tells: int) -> NoReturn:
    """In the child: become the program, or say why not and end."""
    what = job["argv"][0]
    try:
        os.setsid()
        for target, file in enumerate(files):
            os.dup2(file, target)
        signal.set_wakeup_fd(-1)
        for number in range(1, signal.NSIG):
            if number not in (signal.SIGKILL, signal.SIGSTOP, 32, 33):
                signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, set())
        os.umask(0o022)
        if job["keep_orphans"]:
            linux.prctl(_PR_SET_CHILD_SUBREAPER, ctypes.c_ulong(1))
        what = f"user {job['user']}"
        uid, gid, groups = _identity(job["user"])
        if uid != 0:
            os.setgroups(groups)
            os.setgid(gid)
            os.setuid(uid)
        what = f"cwd {job['cwd']}"
        os.chdir(_raw(job["cwd"]))
        what = job["argv"][0]
        environment = {_raw(name): _raw(value) for name, value in job["env"].items()}
        _execute([_raw(word) for word in job["argv"]], environment)
    except (OSError, KeyError, ValueError) as error:
        code = getattr(error, "errno", None) or errno.EINVAL
        reason = getattr(error, "strerror", None) or str(error)
        os.write(tells, f"{code} {what}: {reason}".encode("utf-8", "replace")[:4000])
    finally:
        os._exit(127)


def _execute(argv: list[bytes], environment: dict[bytes, bytes]) -> None:
    """Like execvpe, by the PATH of the new environment; raises the first telling OSError."""
    if b"/" in argv[0]:
        os.execve(argv[0], argv, environment)
    refusal: OSError = FileNotFoundError(errno.ENOENT, "not found in PATH")
    for folder in environment.get(b"PATH", b"/usr/bin:/bin").split(b":"):
        try:
            os.execve(folder + b"/" + argv[0], argv, environment)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            refusal = error
    raise refusal


def _identity(user: str) -> tuple[int, int, list[int]]:
    """uid, gid and groups by the guest's own passwd; a number needs no entry there."""
    fields: list[str] = []
    with open("/etc/passwd", encoding="utf-8", errors="surrogateescape") as lines:
        for line in lines:
            entry = line.rstrip("\n").split(":")
            if len(entry) > 3 and user in (entry[0], entry[2]):
                fields = entry
                break
    if not fields:
        if user.isdigit():
            return int(user), int(user), []
        raise KeyError(f"the guest has no user {user}")
    gid = int(fields[3])
    groups = [gid]
    with open("/etc/group", encoding="utf-8", errors="surrogateescape") as lines:
        for line in lines:
            entry = line.rstrip("\n").split(":")
            if len(entry) > 3 and fields[0] in entry[3].split(","):
                groups.append(int(entry[2]))
    return int(fields[2]), gid, groups


def _raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
