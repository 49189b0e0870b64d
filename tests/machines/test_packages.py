"""What an image's own package manager says of it."""

from __future__ import annotations

from harness.machines.engine import Engine
from harness.machines.packages import installed, versions
from harness.machines.runs import new_run_id

STATUS = """\
Package: bash
Status: install ok installed
Version: 5.2-1
Description: a shell
 Version: not this one

Package: gone
Status: deinstall ok config-files
Version: 1

Package: dash
Status: install ok installed
Version: 0.5
"""


def test_only_what_is_installed_counts() -> None:
    assert installed(STATUS) == {"bash": "5.2-1", "dash": "0.5"}


def test_an_image_is_read_without_being_run(engine: Engine, image: str) -> None:
    run = new_run_id()
    found = versions(engine, image, ("e2fsprogs", "no-such-package"), run)
    assert set(found) == {"e2fsprogs"}
    assert found["e2fsprogs"][0].isdigit()
    assert engine.containers(run=run) == ()
