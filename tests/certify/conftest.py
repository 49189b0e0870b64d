"""A kit in a temporary folder that is fine, to be broken by one change a test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

MANIFEST = """\
[kit]
name = "sample"
vendor = "tests"
version = "1"

[guest]
packages = ["python3"]

[[disks]]
name = "data"
mountpoint = "/srv/sample"
filesystem = "ext4"
size = "64M"

[scripts]
config = "config.json"
pre = "pre.sh"
post = "post.sh"

[application]
user = "daemon"
stops_writes = true

[application.start]
command = ["/opt/kit/start"]
deadline = 5

[application.ready]
command = ["/opt/kit/ready"]

[application.workload]
command = ["/opt/kit/workload"]

[application.state]
command = ["/opt/kit/state"]

[application.verify]
command = ["/opt/kit/verify"]
user = "root"
"""

CONFIG = """\
{
    "pluginName": "ScriptRunner",
    "preScriptLocation": "/etc/azure/pre.sh",
    "postScriptLocation": "/etc/azure/post.sh"
}
"""

SCRIPT = "#!/bin/sh\nset -eu\necho quiesced\n"

WriteKit = Callable[..., Path]


@pytest.fixture
def write_kit(tmp_path: Path) -> WriteKit:
    """Writes the sample kit; `manifest` and `files` replace what is in it, None leaves out."""

    def write(
        manifest: str | None = MANIFEST, files: dict[str, str | bytes | None] | None = None
    ) -> Path:
        folder = tmp_path / "kit"
        folder.mkdir()
        contents: dict[str, str | bytes | None] = {
            "kit.toml": manifest,
            "config.json": CONFIG,
            "pre.sh": SCRIPT,
            "post.sh": SCRIPT.replace("quiesced", "resumed"),
            **(files or {}),
        }
        for name, content in contents.items():
            if content is not None:
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                raw = content.encode() if isinstance(content, str) else content
                (folder / name).write_bytes(raw)
        return folder

    return write
