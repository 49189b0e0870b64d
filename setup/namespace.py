"""What runs first in the private engine's own namespaces; then it becomes dockerd.

Started as `unshare --net --mount … python3 -I namespace.py DOCKERD ARGUMENT…`.
"""

from __future__ import annotations

import fcntl
import os
import socket
import struct
import subprocess
import sys
from pathlib import Path

_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 0x1
#: A containerd that listens here would be used instead of a private one, and it lives in the
#: machine's mount namespace, where our containers' roots are not mounted.
_CONTAINERD = Path("/run/containerd")


def loopback_up() -> None:
    """Bring `lo` up without the ip program, which small machines lack."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(handle, _SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(handle, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | _IFF_UP))


def hide_containerd() -> None:
    """Cover the machine's containerd, in this mount namespace only."""
    _CONTAINERD.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        ("mount", "-t", "tmpfs", "-o", "mode=711", "snapcert", str(_CONTAINERD)), check=True
    )


if __name__ == "__main__":
    loopback_up()
    hide_containerd()
    os.execv(sys.argv[1], sys.argv[1:])
