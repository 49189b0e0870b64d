"""The harness of snapcert: machines, executor, oracles, certification."""
