"""What runs inside host and guest containers as their main process.

Standard library only, Python 3.9 or later. The control plane sends this package as a zip over the
container's standard input (`wire.BOOTSTRAP`); there it is called `snapcert_agent`, and nothing of
it ever lies on a disk that could freeze. Of this package the control plane imports `wire` only.
"""
