"""The guests' images: built from Debian's packages, named by what is in them, kept by the engine.

No registry is needed: mmdebstrap makes a root filesystem from the machine's own package sources
and streams it into the engine. An image's tag holds a digest of everything that decides its
content, so an image that is there is the right one. Ready-made images may stand in:
`SNAPCERT_BASE_IMAGE` for the base, `SNAPCERT_IMAGE_NAME` for the image called NAME.

Nothing is ever installed on the machine by this module.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import platform
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import docker.errors
import requests.exceptions

from harness.machines import bootstrap
from harness.machines.engine import Engine
from harness.problem import EngineProblem, IncompleteProblem, UsageProblem

#: What every guest and host has: the agent's interpreter and the tools of the filesystems.
BASE_PACKAGES = (
    "acl",
    "attr",
    "btrfs-progs",
    "e2fsprogs",
    "mount",
    "procps",
    "python3",
    "util-linux",
    "xfsprogs",
)
LABEL_IMAGE = "snapcert.image"
Progress = Callable[[str], None]

_PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]+\Z")
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
_HAVE_ONE_BUILT = "run `make images`, or name an image that the engine has with {variable}"


@dataclass(frozen=True)
class ImageSpec:
    """What an image is made of: packages beyond the base, or a Dockerfile, or it exists already.

    `name` is a word for people and part of the tag; `suite` is a release of the distribution, ""
    that of this machine; `dockerfile` is the path of a Dockerfile whose folder is its context;
    `image` is the reference of an image that is used as it is.
    """

    name: str
    packages: tuple[str, ...] = ()
    suite: str = ""
    dockerfile: str = ""
    image: str = ""

    def __post_init__(self) -> None:
        for package in self.packages:
            if not _PACKAGE.match(package):
                raise UsageProblem(
                    f"image {self.name}: {package!r} is not the name of a Debian package",
                    "correct the list of packages",
                )

    @property
    def repository(self) -> str:
        """The tag's part before the colon; engines allow few characters there."""
        return f"snapcert/{re.sub('[^a-z0-9]+', '-', self.name.lower()).strip('-') or 'image'}"

    @property
    def variable(self) -> str:
        """The environment variable that names a ready-made image instead."""
        return f"SNAPCERT_IMAGE_{re.sub('[^A-Z0-9]', '_', self.name.upper())}"

    def all_packages(self) -> tuple[str, ...]:
        """The base's packages and its own, sorted, each once."""
        return tuple(sorted({*BASE_PACKAGES, *self.packages}))


BASE = ImageSpec("base")


def canonical(spec: ImageSpec) -> ImageSpec:
    """The same image under the base's name where a specification adds nothing to the base."""
    adds = spec.dockerfile or spec.image or spec.suite or set(spec.packages) - set(BASE_PACKAGES)
    return spec if adds else BASE


def reference(spec: ImageSpec, environment: Mapping[str, str] | None = None) -> str:
    """The image's name in the engine: the override, the ready-made one, or its tag by content."""
    environment = os.environ if environment is None else environment
    override = environment.get(spec.variable, "")
    if spec == BASE:
        override = environment.get("SNAPCERT_BASE_IMAGE", "") or override
    return override or spec.image or f"{spec.repository}:{content_digest(spec)}"


def content_digest(spec: ImageSpec) -> str:
    """12 hexadecimal digits that change with whatever changes the image's content."""
    if spec.dockerfile:
        content: dict[str, object] = {"dockerfile": _digest_folder(Path(spec.dockerfile))}
    else:
        content = {
            "recipe": bootstrap.RECIPE,
            "suite": spec.suite or bootstrap.machine_suite(),
            "packages": spec.all_packages(),
            "architecture": _ARCHITECTURES.get(platform.machine(), platform.machine()),
        }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]


def ensure_image(engine: Engine, spec: ImageSpec, progress: Progress) -> str:
    """The reference of an image that the engine has; it is built where it can be.

    Two that need the same image at once build it once. Raises UsageProblem for a package or a
    Dockerfile that is wrong, IncompleteProblem where the image can't be had.
    """
    spec = canonical(spec)
    name = reference(spec)
    if has_image(engine, name):
        return name
    if not is_built(spec, name):
        return _pull(engine, spec, name, progress)
    with _one_builder(name, progress):
        if not has_image(engine, name):
            if spec.dockerfile:
                _build_dockerfile(engine, spec, name, progress)
            else:
                _build_packages(engine, spec, name, progress)
    return name


def is_built(spec: ImageSpec, name: str) -> bool:
    """Whether a reference is the one that we give to an image of our own making."""
    return name.startswith(f"{spec.repository}:")


def has_image(engine: Engine, name: str) -> bool:
    """Whether the engine holds an image."""
    try:
        engine.api.inspect_image(name)
    except docker.errors.NotFound:
        return False
    except (docker.errors.DockerException, requests.exceptions.RequestException) as error:
        raise EngineProblem(
            f"the engine at {engine.address} did not say whether it has {name}: {error}",
            "see whether the engine still runs, then run again",
            "engine-gone",
        ) from error
    return True


def _build_packages(engine: Engine, spec: ImageSpec, name: str, progress: Progress) -> None:
    wanted = engine.facts.architecture
    if _ARCHITECTURES.get(wanted, wanted) != _ARCHITECTURES.get(
        platform.machine(), platform.machine()
    ):
        raise IncompleteProblem(
            f"image {spec.name}: the engine's machine is {wanted}, this one {platform.machine()}",
            _HAVE_ONE_BUILT.format(variable=_variable(spec)),
            "image",
        )
    progress(f"image {name}: building from packages")
    repository, _, tag = name.partition(":")
    with bootstrap.root_filesystem(
        spec.name, spec.suite or bootstrap.machine_suite(), spec.all_packages(), progress
    ) as chunks:
        answer = _import(engine, spec, chunks)
    image = json.loads(answer.strip().splitlines()[-1])
    if "status" not in image:
        raise _refused(engine, spec, str(image.get("error", answer)))
    # Only a whole image gets its name: what a killed run left is without one.
    engine.api.tag(image["status"], repository, tag)
    progress(f"image {name}: ready")


def _import(engine: Engine, spec: ImageSpec, chunks: Iterator[bytes]) -> str:
    changes = [
        "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "ENV LANG=C.UTF-8",
        f"LABEL {LABEL_IMAGE}={spec.name}",
    ]
    try:
        return str(engine.api.import_image_from_stream(chunks, changes=changes))
    except (docker.errors.DockerException, requests.exceptions.RequestException) as error:
        raise _refused(engine, spec, str(error)) from error


def _refused(engine: Engine, spec: ImageSpec, words: str) -> IncompleteProblem:
    full = "no space left" in words.lower()
    return IncompleteProblem(
        f"image {spec.name}: the engine at {engine.address} did not take it: {words.strip()}",
        "free some space where the engine keeps its images" if full else "see the engine's log",
        "image",
    )


def _build_dockerfile(engine: Engine, spec: ImageSpec, name: str, progress: Progress) -> None:
    file = Path(spec.dockerfile)
    progress(f"image {name}: building {file}")
    try:
        for line in engine.api.build(
            path=str(file.parent),
            dockerfile=file.name,
            tag=name,
            rm=True,
            forcerm=True,
            labels={LABEL_IMAGE: spec.name},
            decode=True,
        ):
            if "error" in line:
                raise UsageProblem(
                    f"image {spec.name}: {file}: {str(line['error']).strip()}",
                    "correct the Dockerfile; where no registry is in reach, list packages instead",
                    "image",
                )
            step = str(line.get("stream", "")).strip()
            if step.startswith("Step "):
                progress(f"image {name}: {step}")
    except (docker.errors.DockerException, requests.exceptions.RequestException) as error:
        raise _refused(engine, spec, str(error)) from error
    progress(f"image {name}: ready")


def _pull(engine: Engine, spec: ImageSpec, name: str, progress: Progress) -> str:
    """Ask a registry for an image that somebody named; it was not made by us."""
    progress(f"image {name}: not in the engine, asking its registry")
    try:
        engine.api.pull(name, tag=None if ":" in name or "@" in name else "latest")
    except (docker.errors.DockerException, requests.exceptions.RequestException) as error:
        raise IncompleteProblem(
            f"image {spec.name}: the engine at {engine.address} has no {name}, and it can't be "
            f"pulled: {error}",
            "load it into the engine, or unset the variable or key that names it "
            f"({_variable(spec)}) to have one built from packages",
            "image",
        ) from error
    return name


def _variable(spec: ImageSpec) -> str:
    return "SNAPCERT_BASE_IMAGE" if spec == BASE else spec.variable


def _digest_folder(dockerfile: Path) -> str:
    """A digest of the Dockerfile and of everything beside it, by path, mode and content."""
    if not dockerfile.is_file():
        raise UsageProblem(f"there is no {dockerfile}", "correct the path of the Dockerfile")
    digest = hashlib.sha256()
    for path in sorted(dockerfile.parent.rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            head = f"{path.relative_to(dockerfile.parent)} {path.stat().st_mode:o} {len(content)}\n"
            digest.update(head.encode("utf-8", "surrogateescape") + content)
    return digest.hexdigest()


@contextlib.contextmanager
def _one_builder(name: str, progress: Progress) -> Iterator[None]:
    """Hold the lock of one image; the kernel drops it when its holder dies."""
    folder = _lock_folder()
    path = folder / f"image-{hashlib.sha256(name.encode()).hexdigest()[:16]}.lock"
    with path.open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress(f"image {name}: another run builds it, waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _lock_folder() -> Path:
    """Where the locks of this user's builds lie."""
    if os.geteuid() == 0:
        folder = Path("/run/snapcert/images")
    else:
        folder = Path(os.environ.get("XDG_RUNTIME_DIR") or Path.home() / ".cache") / "snapcert"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
