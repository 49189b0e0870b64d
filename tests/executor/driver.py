"""Runs the executor's backup with a config elsewhere and nothing to freeze.

Started as `python driver.py CONFIG PLUGIN_HOST STATE LOG`, by any Python from 3.9 on, so that a
test can kill it as a process of its own.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from harness.executor import freezer, recovery, run
from harness.executor.main import backup
from harness.executor.precheck import Paths
from harness.executor.settings import read_settings


def _refuse(_descriptor: int) -> None:
    raise AssertionError("a test tried to freeze or thaw a filesystem of this machine")


for _module, _name in ((freezer, "freeze"), (freezer, "thaw"), (recovery, "thaw")):
    setattr(_module, _name, _refuse)
vars(run)["find_filesystems"] = tuple
vars(run)["find_partial"] = tuple
_config, _plugin_host, _state, _log = sys.argv[1:]
_settings = read_settings(dict(os.environ), state_folder=_state, log_folder=_log)
sys.exit(backup(_settings, Paths(_config, _plugin_host)))
