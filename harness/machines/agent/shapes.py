"""The shapes of requests, answers and events on the wire; for readers and type checkers only.

Nothing in the agent imports this at run time (`typing` is slow to import in a fresh guest). Keys
of a `total=False` class may be left out; the comment says what then applies.
"""

from __future__ import annotations

from typing import Any, TypedDict

# -- both roles


class Hello(TypedDict):
    """The first frame, `{"hello": ...}`: `monotonic` is the instant at which it was written."""

    protocol: int
    python: str
    kernel: str
    machine: str
    monotonic: float


class Role(TypedDict, total=False):
    """The first request; answered with `{}`. `lease`: seconds, `wire.LEASE_SECONDS` if left out."""

    role: str  # "guest" | "host"
    run: str
    name: str


class Lease(TypedDict):
    """Keep the container for `seconds` past the end of the stream (a kept guest)."""

    seconds: float


class Thawed(TypedDict):
    """Answer of `thaw`: names of the disks that were frozen until then."""

    thawed: list[str]


class Trouble(TypedDict):
    """Event `trouble`: something broke outside of a request; the agent goes on."""

    code: str
    message: str


# -- guest


class GuestDisk(TypedDict):
    """A disk that the host attached. `options` are mount options as for mount(8), may be ""."""

    name: str
    device: str  # "7:3"
    filesystem: str
    mountpoint: str  # as the executor sees it; "/" for the one that carries the root
    options: str
    carries_root: bool
    part: str  # "file" or "folder": only that is mounted, bound; else ""


class ExtraMount(TypedDict, total=False):
    """A mount beside the disks: `kind` "tmpfs", "bind", "disk" (a second time), "remount"."""

    kind: str
    source: str  # bind: a path as the executor sees it; disk: the disk's name
    target: str
    options: str


class Prepare(TypedDict, total=False):
    """`shape`: "data" or "root-on-disk". `allow_mount`: mount(2), umount2(2) pass the filter.

    `beside`: bytes that the guest may write beside its disks.
    """

    shape: str
    disks: list[GuestDisk]
    extra_mounts: list[ExtraMount]
    allow_mount: bool
    beside: int


class Prepared(TypedDict):
    """Answer of `prepare`; `mounts` are "DEVICE MOUNTPOINT FSTYPE OPTIONS" as for `mounts`."""

    mounts: list[str]
    filter: bool
    guarded: bool  # it holds the lock by which the host would notice its death


class GuestFile(TypedDict, total=False):
    """One file to put. `kind`: file, dir, symlink, fifo, socket, char, block, absent (remove it).

    `mode` is octal text, where it is left out that of the file which is there, else 0644, 0755
    for a folder. Missing parents of `path` are made root-owned with mode 0755. `device` is
    "MAJOR:MINOR" for char and block. `acl_b64` is an access-control list as the kernel keeps it.
    """

    path: str
    kind: str
    content_b64: str
    target: str
    mode: str  # file: "0644", dir: "0755" where left out
    uid: int  # 0
    gid: int  # 0
    device: str
    acl_b64: str


class Put(TypedDict):
    """Files are put in this order; answered with `{}`."""

    files: list[GuestFile]


class Read(TypedDict, total=False):
    """`limit`: bytes at most, from the end where `tail` is true; default all up to 16 MiB."""

    path: str
    limit: int
    tail: bool


class ReadAnswer(TypedDict):
    """Answer of `read`; `size` is the file's, whatever was returned. Error: `absent`."""

    content_b64: str
    mode: str
    uid: int
    gid: int
    size: int
    kind: str


class Stat(TypedDict, total=False):
    """`follow` a symlink at the end; default false."""

    path: str
    follow: bool


class StatAnswer(TypedDict):
    """Answer of `stat`; `target` is "" for all but symlinks. Error: `absent`."""

    kind: str
    mode: str
    uid: int
    gid: int
    size: int
    mtime: float
    nlink: int
    target: str


class List(TypedDict, total=False):
    """`exclude`: folders or files, with all below them; mount points of proc, sys, dev always."""

    roots: list[str]
    exclude: list[str]


class ListAnswer(TypedDict):
    """`files`: path to "mode uid:gid size", mode as in ls ("-rwx------")."""

    files: dict[str, str]


class Observed(TypedDict):
    """Answer of `observe`, which takes what `list` takes: what each of the four would answer."""

    processes: list[ProcessFacts]
    mounts: list[str]
    locks: list[str]
    files: dict[str, str]


class Run(TypedDict, total=False):
    """Run a command to its end. `env` is the whole environment (default: PATH, HOME, LANG).

    `user` is a name of the guest's passwd or a number. `deadline`: seconds from the start; then
    the whole process tree is ended. `limit`: bytes kept of each stream, the last ones. `patience`:
    so many seconds after its end others may still have its output open before that is told.
    """

    argv: list[str]
    env: dict[str, str]
    cwd: str  # "/"
    user: str  # "root"
    stdin_b64: str
    patience: float  # 0: it is not looked at
    deadline: float  # 60
    limit: int  # 1 MiB


class RunAnswer(TypedDict):
    """`exit` or `signal` is None. A command that can't be executed: exit 127 or 126, `err_b64`."""

    exit: int | None
    signal: int | None
    timed_out: bool
    held: bool  # somebody has its output open
    out_b64: str
    err_b64: str
    cut: bool
    started: float
    ended: float


class Spawn(TypedDict, total=False):
    """Start a process that goes on. stdout and stderr are read together.

    `lines`: events `lines` with each line; else only the tail of `limit` bytes is kept.
    `stdin`: "null" only.
    """

    name: str
    argv: list[str]
    env: dict[str, str]
    cwd: str
    user: str
    lines: bool
    limit: int


class SpawnAnswer(TypedDict):
    """Answer of `spawn`; the process leads a session and a group of its own."""

    pid: int
    started: float


class Exited(TypedDict):
    """Event `exited`, sent when the process itself ended (its pipes may still be held open)."""

    name: str
    pid: int
    exit: int | None
    signal: int | None
    tail_b64: str


class Lines(TypedDict):
    """Event `lines`: [[instant read, text without its newline], ...]."""

    name: str
    lines: list[tuple[float, str]]


class Kill(TypedDict, total=False):
    """Name of a spawned process, or a pid. `tree`: it and all that came from it."""

    name: str
    pid: int
    signal: int  # 9
    tree: bool  # false


class KillAnswer(TypedDict):
    """The pids that got the signal; none where the process is gone."""

    pids: list[int]


class ProcessFacts(TypedDict):
    """One process. `run_mark`: SNAPCERT_RUN of it or of an ancestor, "" where none.

    `started_by`: name of the spawned process whose tree it belongs to, "" where unknown.
    `script`: "pre" or "post" where it descends from a watched script.
    """

    pid: int
    ppid: int
    start_ticks: int
    argv: list[str]
    state: str
    uid: int
    sid: int
    run_mark: str
    started_by: str
    script: str


class Processes(TypedDict):
    """Answer of `processes`: all of the container but the agent and its launcher."""

    processes: list[ProcessFacts]


class Mounts(TypedDict):
    """Answer of `mounts`: "DEVICE MOUNTPOINT FSTYPE OPTIONS", as the executor sees them."""

    mounts: list[str]


class Locks(TypedDict):
    """Answer of `locks`: "KIND ACCESS PID PATH" of locks held in this guest."""

    locks: list[str]


class WatchScripts(TypedDict, total=False):
    """Paths of the configured scripts; a path that is not there is left out of the watch.

    Answered with `{"watched": [...]}`; error `not-permitted` where the kernel refuses fanotify.
    """

    pre: str
    post: str


class ScriptEvent(TypedDict):
    """Events `script-started` and `script-ended`."""

    script: str
    pid: int


class Trigger(TypedDict, total=False):
    """When something happens, do something, once, while the caller waits for it.

    `when`: {"mark": [SCRIPT, POINT], "attempt": N?} or {"request": "snapshot", "number": N?} or
    {"ask": WORD} or {"call": "freeze" | "thaw", "disk": NAME?, "number": N?} (the executor's Nth
    call of that kind; it waits) or {"opened": PATH} (a file, or any file in a folder, never on a
    disk; the opener waits) or {"started": "pre" | "post"} (the first execution of that watched
    script, which does not wait: for actions with `after`). `do`: actions, each an object with one
    of the keys kill (a name, a pid, "caller" or "children of NAME"; with signal, tree), resume (a
    stopped tree goes on), put, delay, await (a word that `say` brings), freeze, thaw, remount (with
    options), mount, unmount (a disk's name), refuse (errno with which the freeze or thaw fails),
    event; with `after` so many seconds later, unless another plan has come by then.
    """

    when: dict[str, Any]
    do: list[dict[str, Any]]


class Plan(TypedDict):
    """Replaces all triggers; attempts and numbers count from here again."""

    triggers: list[Trigger]


class Say(TypedDict):
    """Lets an action go on that awaits this word."""

    word: str


class OfDisk(TypedDict):
    """Arguments of `mount` and `unmount`: one of the guest's disks by its name."""

    disk: str


class MarkEvent(TypedDict):
    """Event `mark`; the marking script waits until it was read and its triggers were done."""

    script: str
    point: str
    attempt: int
    pid: int
    argv: list[str]
    environ: dict[str, str]
    cwd: str
    umask: int
    uid: int
    session: int
    session_leader: bool
    stdin_eof: bool | None
    ignored_signals: list[int]
    blocked_signals: list[int]


class SnapshotEvent(TypedDict):
    """Event `snapshot`: the command was called; answer with `answer`, or never (it hangs)."""

    request: int
    pid: int
    args: list[str]


class FaultEvent(TypedDict):
    """Event `fault`: an action took effect: "kill executor", "freeze /data"."""

    what: str
    problem: str  # "" where it was carried out


class Answer(TypedDict):
    """Lets snapshot call `request` end with `exit` (0 or 1)."""

    request: int
    exit: int
