"""What the machine's agent hands to the extension."""

from __future__ import annotations

import base64
import datetime as dt
import json
from typing import Any

from harness.targets.inside.azure.settings import handler_environment, settings, ticks


def handed(disks: int, single_disk: bool) -> tuple[dict[str, Any], dict[str, Any]]:
    data = json.loads(settings("127.77.0.1", disks, single_disk, "task", "1"))
    handler = data["runtimeSettings"][0]["handlerSettings"]
    return handler["publicSettings"], handler["protectedSettings"]


def unpacked(text: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(base64.b64decode(text))
    return data


def test_a_blob_a_disk() -> None:
    _, protected = handed(3, single_disk=False)
    blobs = unpacked(protected["objectStr"])["blobSASUri"]
    assert len(set(blobs)) == 3
    assert all(blob.startswith("https://127.77.0.1/disks/") and "?" in blob for blob in blobs)


def test_only_a_single_disk_is_told_of_as_one() -> None:
    def disks_told(disks: int, single_disk: bool) -> int:
        included = unpacked(handed(disks, single_disk)[0]["objectStr"])["includedDisks"]
        return len(included["dataDiskLunList"]) + included["isOSDiskIncluded"]

    assert disks_told(1, single_disk=True) == 1
    assert disks_told(1, single_disk=False) == 2
    assert disks_told(3, single_disk=False) == 3


def test_ticks_are_the_vendors() -> None:
    assert ticks(dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) == "621355968000000000"


def test_the_shell_finds_the_log_folder() -> None:
    """Its handle.sh looks for the quotes after logFolder: no JSON parser is there."""
    text = handler_environment("/var/lib/waagent/x-1", "1")
    assert text.split('logFolder"', 1)[1].split('"')[1].startswith("/var/log/azure/")
