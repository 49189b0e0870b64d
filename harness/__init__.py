"""The harness of snapcert: machines, executor, oracles, certification."""

__version__ = "0.1.0"
