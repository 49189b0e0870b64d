"""Loads the suite's plugin for `pytest scenarios/`; the snapcert command loads it itself."""

pytest_plugins = ["harness.pytest_plugin"]
