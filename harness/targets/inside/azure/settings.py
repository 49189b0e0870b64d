"""What the virtual machine's agent writes for a run: the handler's environment and its settings."""

from __future__ import annotations

import base64
import datetime as dt
import json
from typing import Any, Dict, Sequence

NAME = "Microsoft.Azure.RecoveryServices.VMSnapshotLinux"
LOGS = f"/var/log/azure/{NAME}"

#: The second kind of machines, that of the resource manager: the only one that is left.
_KIND = "microsoft.compute/virtualmachines"


def folder_of(version: str) -> str:
    """Where the agent unpacks the extension."""
    return f"/var/lib/waagent/{NAME}-{version}"


def handler_environment(folder: str, version: str) -> str:
    """HandlerEnvironment.json."""
    return json.dumps(
        [
            {
                "name": NAME,
                "version": version,
                "handlerEnvironment": {
                    "logFolder": LOGS,
                    "configFolder": f"{folder}/config",
                    "statusFolder": f"{folder}/status",
                    "heartbeatFile": f"{folder}/heartbeat.log",
                    "eventsFolder": f"{LOGS}/events",
                },
            }
        ]
    )


def settings(address: str, disks: int, single_disk: bool, task: str, now: str) -> str:
    """N.settings of one backup: `disks` blobs at `address`, `now` in ticks.

    The agent decrypts what is protected by a certificate of the machine; here it is not encrypted,
    which the extension takes as well. A single disk is told of as the service does when it tries
    again after a failure: the only case in which the extension may be content with crash
    consistency.
    """
    luns = [] if single_disk else list(range(max(disks - 1, 1)))
    public = {
        "backupMetadata": [],
        "includedDisks": {"dataDiskLunList": luns, "isOSDiskIncluded": True},
    }
    custom = {
        "takeSnapshotFrom": "onlyGuest",
        "isManagedVm": True,
        "canTakeCrashConsistentSnapshot": True,
        "backupRetryCount": 1,
    }
    return json.dumps(
        {
            "runtimeSettings": [
                {
                    "handlerSettings": {
                        "publicSettings": {
                            "commandToExecute": "snapshot",
                            "taskId": task,
                            "locale": "en-us",
                            "vmType": _KIND,
                            "commandStartTimeUTCTicks": now,
                            "objectStr": _packed(public),
                            "customSettings": json.dumps(custom),
                            "logsBlobUri": f"https://{address}/logs/{task}?sv=1",
                            "statusBlobUri": f"https://{address}/status/{task}?sv=1",
                        },
                        "protectedSettings": {
                            "objectStr": _packed({"blobSASUri": _blobs(address, disks)})
                        },
                    }
                }
            ]
        }
    )


def ticks(instant: dt.datetime) -> str:
    """An instant as the service tells it: 100 ns since the first day of the year 1."""
    since = instant - dt.datetime(1, 1, 1, tzinfo=dt.timezone.utc)
    return str((since // dt.timedelta(microseconds=1)) * 10)


def _blobs(address: str, disks: int) -> Sequence[str]:
    return [f"https://{address}/disks/{number}?sv=1" for number in range(max(disks, 1))]


def _packed(value: Dict[str, Any]) -> str:
    return base64.b64encode(json.dumps(value).encode()).decode("ascii")
