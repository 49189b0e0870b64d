"""The one adapter to the container engine: everything else of the machines speaks through it.

The engine may be remote; no path of the test machine is ever given to it.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import re
import tarfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import docker
import docker.constants
import docker.errors
import requests.exceptions

from harness.machines.connecting import NO_ANSWER, named_engine, open_api, short
from harness.machines.stream import SocketStream, Stream
from harness.problem import EngineProblem, IncompleteProblem

T = TypeVar("T")

DEFAULT_SOCKET = "unix:///var/run/docker.sock"
PRIVATE_SOCKET = "unix:///run/snapcert/engine/docker.sock"

#: Every container of ours carries these.
LABEL_RUN = "snapcert.run"
LABEL_ROLE = "snapcert.role"
LABEL_MACHINE = "snapcert.machine"
LABEL_CREATED = "snapcert.created"
LABEL_NAME = "snapcert.name"

_MEND = "run `make engine`, or point DOCKER_HOST at an engine that runs; `snapcert doctor` tells"


@dataclass(frozen=True)
class EngineFacts:
    """What the engine says of itself; `kernel` is that of the machine it runs on."""

    address: str
    version: str
    api: str
    kernel: str
    system: str
    architecture: str
    storage_driver: str
    cpus: int
    memory: int
    security: tuple[str, ...]
    cgroup_version: str
    runtime: str

    @property
    def rootless(self) -> bool:
        """Without real privileges: no loop device, no freeze."""
        return "rootless" in self.security


@dataclass(frozen=True)
class ImageFacts:
    """An image as far as it matters for starting a machine of it."""

    id: str
    reference: str
    size: int
    volumes: tuple[str, ...]
    environment: tuple[str, ...]


@dataclass(frozen=True)
class ContainerFacts:
    """One container of ours as the engine lists it."""

    id: str
    state: str
    image: str
    labels: Mapping[str, str]

    @property
    def run(self) -> str:
        return self.labels.get(LABEL_RUN, "")

    @property
    def role(self) -> str:
        return self.labels.get(LABEL_ROLE, "")


class _Missing(EngineProblem):
    """The engine has no such image or container."""


class Engine:
    """A connected engine; safe to use from several threads."""

    def __init__(self, address: str, api: Any) -> None:
        self.address = address
        #: The SDK's low-level client, for building and importing images.
        self.api = api
        self._facts: EngineFacts | None = None
        self._images: dict[str, ImageFacts] = {}
        self._lock = threading.Lock()

    @classmethod
    def connect(cls, timeout: float = 60.0) -> Engine:
        """The engine on DOCKER_HOST, else of docker's current context, else on the default
        socket, else our private one.

        An engine that the user named but that does not answer is an EngineProblem, as is none at
        all; `timeout` seconds bounds each later call.
        """
        named = named_engine()
        if named is not None:
            address, tls, origin = named
            try:
                return cls._open(address, tls, timeout)
            except NO_ANSWER as error:
                raise EngineProblem(
                    f"the engine at {address} ({origin}) does not answer: {short(error)}",
                    f"start it, or unset {origin.split()[0]} to use the engine of this machine",
                    "engine",
                ) from error
        tried = []
        for address in (DEFAULT_SOCKET, PRIVATE_SOCKET):
            try:
                return cls._open(address, None, timeout)
            except NO_ANSWER as error:
                tried.append(f"{address}: {short(error)}")
        raise EngineProblem(f"no container engine answers ({'; '.join(tried)})", _MEND, "engine")

    @classmethod
    def _open(cls, address: str, tls: Any, timeout: float) -> Engine:
        return cls(address, open_api(address, tls, timeout))

    def close(self) -> None:
        """Close the connections that wait for reuse."""
        with contextlib.suppress(Exception):
            self.api.close()

    # -- facts

    @property
    def facts(self) -> EngineFacts:
        """What the engine says of itself, asked once."""
        with self._lock:
            if self._facts is None:
                version = self._ask("its version", self.api.version)
                info = self._ask("its state", self.api.info)
                self._facts = _facts(self.address, version, info)
            return self._facts

    def assert_usable(self) -> EngineFacts:
        """The facts, or an EngineProblem where this engine cannot carry hosts and guests safely.

        Only overlay storage is accepted: with others a container's root may be a folder of the
        machine's own filesystem, and a guest that freezes `/` would freeze the machine.
        """
        facts = self.facts
        if facts.system.lower() != "linux":
            raise EngineProblem(
                f"the engine at {self.address} runs {facts.system} containers",
                "use an engine for Linux containers",
                "engine-system",
            )
        if not is_overlay(facts.storage_driver):
            raise EngineProblem(
                f"the engine at {self.address} stores containers with {facts.storage_driver!r}: "
                "a guest's root could be the machine's own filesystem, and freezing it would "
                "hang the machine",
                'configure the engine with the storage driver "overlay2", or use another engine',
                "engine-storage",
            )
        if facts.rootless:
            raise EngineProblem(
                f"the engine at {self.address} is rootless: it can attach no loop device and "
                "freeze nothing",
                "use an engine that runs as root",
                "engine-rootless",
            )
        return facts

    def clock(self) -> dt.datetime:
        """The engine's wall clock now."""
        said = str(self._ask("its clock", self.api.info).get("SystemTime", ""))
        try:
            # Nanoseconds are more than the parser takes.
            return dt.datetime.fromisoformat(re.sub(r"(\.\d{6})\d*", r"\1", said))
        except ValueError as error:
            raise EngineProblem(
                f"the engine at {self.address} tells no time: {said!r}",
                "use Docker Engine 20.10 or later",
                "engine-clock",
            ) from error

    def alive(self, deadline: float = 3.0) -> bool:
        """Whether the engine answers within `deadline` seconds."""
        done = threading.Event()
        answers: list[bool] = []

        def ping() -> None:
            with contextlib.suppress(Exception):
                answers.append(bool(self.api.ping()))
            done.set()

        threading.Thread(target=ping, name="engine ping", daemon=True).start()
        return done.wait(deadline) and bool(answers) and answers[0]

    def image(self, reference: str) -> ImageFacts:
        """Facts of an image; an IncompleteProblem where the engine does not have it."""
        with self._lock:
            known = self._images.get(reference)
        if known is not None:
            return known
        try:
            raw = self._ask(f"image {reference}", lambda: self.api.inspect_image(reference))
        except _Missing as error:
            raise IncompleteProblem(
                f"the engine has no image {reference!r}",
                "run `make images` to build the guest images, or set SNAPCERT_BASE_IMAGE",
                "image",
            ) from error
        config = raw.get("Config") or {}
        facts = ImageFacts(
            id=raw["Id"],
            reference=reference,
            size=int(raw.get("Size") or 0),
            volumes=tuple(sorted(config.get("Volumes") or ())),
            environment=tuple(config.get("Env") or ()),
        )
        with self._lock:
            self._images[reference] = facts
        return facts

    # -- containers

    def create(self, name: str, config: Mapping[str, Any], host_config: Mapping[str, Any]) -> str:
        """Create a container, of the SDK's own arguments; its id."""
        made = self._ask(
            f"what the container {name} needs",
            lambda: self.api.create_container(
                name=name, host_config=self.api.create_host_config(**host_config), **config
            ),
        )
        return str(made["Id"])

    def file_of(self, image: str, path: str, labels: Mapping[str, str]) -> bytes:
        """The content of one regular file of an image, read from a container that never runs.

        By its labels a cleanup finds it, should this be killed in between.
        """
        made = self._ask(
            f"the image {image}",
            lambda: self.api.create_container(image, ["true"], labels=dict(labels)),
        )
        try:
            chunks = self._ask(f"{path} of {image}", lambda: self.api.get_archive(made, path)[0])
            with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as archive:
                member = archive.next()
                file = archive.extractfile(member) if member is not None else None
                return file.read() if file is not None else b""
        finally:
            self.remove(made["Id"])

    def inspect(self, container: str) -> Mapping[str, Any]:
        """What the engine knows of a container."""
        raw: Mapping[str, Any] = self._ask(
            f"the container {container[:12]}", lambda: self.api.inspect_container(container)
        )
        return raw

    def attach(self, container: str) -> Stream:
        """The container's stdin, stdout and stderr; to be called before it starts."""
        wanted = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
        handle = self._ask(
            f"the streams of {container[:12]}",
            lambda: self.api.attach_socket(container, params=wanted),
        )
        # Over a unix socket the SDK hands out a read-only file object around it; the response
        # would close a TLS socket if it were collected.
        response = getattr(handle, "_response", None)
        return SocketStream(getattr(handle, "_sock", handle), response, handle)

    def start(self, container: str) -> None:
        """Start a created container."""
        self._ask(f"the container {container[:12]} to start", lambda: self.api.start(container))

    def kill(self, container: str) -> None:
        """SIGKILL to the container's main process; nothing where it is gone already."""
        self._unless_gone("a kill", lambda: self.api.kill(container, "SIGKILL"))

    def remove(self, container: str) -> None:
        """Remove a container, killing it first; nothing where it is gone already."""
        self._unless_gone("a removal", lambda: self.api.remove_container(container, force=True))

    def containers(self, **labels: str) -> tuple[ContainerFacts, ...]:
        """All containers of ours, in any state; `run`, `role`, `machine` narrow it down."""
        wanted = [LABEL_RUN, *(f"snapcert.{key}={value}" for key, value in labels.items())]
        raw = self._ask(
            "its containers", lambda: self.api.containers(all=True, filters={"label": wanted})
        )
        return tuple(
            ContainerFacts(c["Id"], c.get("State", ""), c["ImageID"], dict(c["Labels"]))
            for c in raw
        )

    def wait_removed(self, containers: Sequence[str], deadline: float) -> tuple[str, ...]:
        """Wait until these, which must be ours, are gone; those that are not at the deadline.

        The engine gives an event only for one container a connection; a list every 30 ms is
        cheaper for the many that end together.
        """
        until = time.monotonic() + deadline
        left = tuple(containers)
        while left:
            there = {container.id for container in self.containers()}
            left = tuple(c for c in left if c in there)
            if not left or time.monotonic() >= until:
                break
            time.sleep(0.03)
        return left

    def _unless_gone(self, what: str, call: Callable[[], Any]) -> None:
        try:
            self._ask(what, call)
        except _Missing:
            return
        except EngineProblem as problem:
            # "is not running" (409) and "removal is already in progress" (409) are what we want.
            cause = problem.__cause__
            if not (isinstance(cause, docker.errors.APIError) and cause.status_code == 409):
                raise

    def _ask(self, what: str, call: Callable[[], T]) -> T:
        """Call the SDK; every failure becomes an EngineProblem."""
        try:
            return call()
        except docker.errors.NotFound as error:
            raise _Missing(
                f"the engine at {self.address} does not have {what}: {short(error)}",
                "somebody else may have removed it while it was in use; run again",
                "engine-missing",
            ) from error
        except docker.errors.APIError as error:
            raise EngineProblem(
                f"the engine at {self.address} refused {what}: {short(error)}",
                "see the engine's log; `snapcert doctor` names the step that fails",
                "engine-refused",
            ) from error
        except (docker.errors.DockerException, requests.exceptions.RequestException) as error:
            raise EngineProblem(
                f"the engine at {self.address} did not answer when asked for {what}: "
                f"{short(error)}",
                "see whether the engine still runs; then `snapcert cleanup`, and run again",
                "engine-gone",
            ) from error


def is_overlay(driver: str) -> bool:
    """Whether a storage driver gives every container an overlay of its own as its root."""
    return driver in ("overlay", "overlay2", "overlayfs", "fuse-overlayfs")


def _facts(address: str, version: Mapping[str, Any], info: Mapping[str, Any]) -> EngineFacts:
    security = tuple(
        str(option).removeprefix("name=").split(",")[0]
        for option in info.get("SecurityOptions") or ()
    )
    return EngineFacts(
        address=address,
        version=str(version.get("Version", "")),
        api=str(version.get("ApiVersion", "")),
        kernel=str(info.get("KernelVersion", "")),
        system=str(info.get("OSType", "linux")),
        architecture=str(info.get("Architecture", "")),
        storage_driver=str(info.get("Driver", "")),
        cpus=int(info.get("NCPU") or 0),
        memory=int(info.get("MemTotal") or 0),
        security=security,
        cgroup_version=str(info.get("CgroupVersion") or "1"),
        runtime=str(info.get("DefaultRuntime") or ""),
    )
