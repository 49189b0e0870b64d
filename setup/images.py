"""The guests' images: the base and those of the bundled kits, built side by side.

Only here is mmdebstrap installed; the harness builds with it where it is there.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from harness.certify.kit import load_kit
from harness.machines.engine import Engine
from harness.machines.images import (
    BASE,
    ImageSpec,
    canonical,
    ensure_image,
    has_image,
    is_built,
    reference,
)
from setup import apt
from setup.steps import ROOT, say, show_problems

_REMEDY = (
    "install mmdebstrap, run make as root on Debian or Ubuntu, or name a ready-made image with "
    "SNAPCERT_BASE_IMAGE"
)


def wanted(kits: Sequence[str]) -> list[ImageSpec]:
    """The base, and what the named kits' guests are made of; each image once."""
    specs = {reference(BASE): BASE}
    for kit in kits:
        spec = canonical(_kit_image(Path(kit)))
        specs.setdefault(reference(spec), spec)
    return list(specs.values())


def _kit_image(folder: Path) -> ImageSpec:
    kit = load_kit(folder)
    manifest = kit.manifest
    dockerfile = str(folder / manifest.dockerfile) if manifest.dockerfile else ""
    return ImageSpec(kit.image_name, manifest.packages, dockerfile=dockerfile)


def bundled() -> list[str]:
    """The folders of the kits that come with the project."""
    return [str(file.parent) for file in sorted(ROOT.glob("fixtures/kits/*/kit.toml"))]


def build(specs: Sequence[ImageSpec]) -> None:
    """Have every image in the engine; two are built at once, downloads and unpacking overlap."""
    began = time.monotonic()
    engine = Engine.connect(timeout=600)
    try:
        missing = [spec for spec in specs if not has_image(engine, reference(spec))]
        if not missing:
            say(f"images: {', '.join(reference(spec) for spec in specs)}")
            return
        if any(_needs_mmdebstrap(spec) for spec in missing) and not shutil.which("mmdebstrap"):
            apt.install(("mmdebstrap",), "building the guests' images", _REMEDY)
        with ThreadPoolExecutor(max_workers=2) as pool:
            for job in [pool.submit(ensure_image, engine, spec, say) for spec in missing]:
                job.result()
        say(f"images: ready after {time.monotonic() - began:.0f} s")
    finally:
        engine.close()


def _needs_mmdebstrap(spec: ImageSpec) -> bool:
    return is_built(spec, reference(spec)) and not spec.dockerfile


def main(arguments: Sequence[str]) -> int:
    """The images of the kits whose folders are given; of all bundled ones without arguments."""
    build(wanted(list(arguments) or bundled()))
    return 0


if __name__ == "__main__":
    raise SystemExit(show_problems(main))
