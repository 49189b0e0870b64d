"""What `make browser-test` installs."""

from __future__ import annotations

from pathlib import Path

from setup.browser import missing


def test_only_what_is_missing_is_installed(tmp_path: Path) -> None:
    assert missing(str(tmp_path)) == ("chromium", "chromium-driver")
    (tmp_path / "chromium").write_text("#!/bin/sh\n")
    (tmp_path / "chromium").chmod(0o755)
    assert missing(str(tmp_path)) == ("chromium-driver",)
