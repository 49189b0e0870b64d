"""An engine behind ssh: each connection is one ssh client over a socket pair.

So that an attached container's stream is a plain socket here too, with one way to read and write
it for all transports.
"""

from __future__ import annotations

import socket
import subprocess
import threading
import urllib.parse
from typing import Any

import docker.transport
import docker.transport.unixconn


class _Connection(docker.transport.unixconn.UnixHTTPConnection):  # type: ignore[misc]
    def __init__(self, command: list[str], timeout: float) -> None:
        super().__init__("http://localhost", "", timeout)
        self._command = command

    def connect(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            # The client ends by itself when our side of the pair is closed; a session of its own
            # keeps the terminal's ^C away from it, so that machines are ended in order.
            end = theirs.fileno()
            client = subprocess.Popen(self._command, stdin=end, stdout=end, start_new_session=True)
        threading.Thread(target=client.wait, name="ssh client", daemon=True).start()
        ours.settimeout(self.timeout)
        self.sock = ours


class _Pool(docker.transport.unixconn.UnixHTTPConnectionPool):  # type: ignore[misc]
    def __init__(self, url: str, command: list[str], timeout: float) -> None:
        super().__init__(url, "", timeout=timeout)
        self._command = command

    def _new_conn(self) -> _Connection:
        return _Connection(self._command, self.timeout)


class SshAdapter(docker.transport.UnixHTTPAdapter):  # type: ignore[misc]
    """Carries the engine's API to `ssh://[user@]host[:port]`, as docker's own client does."""

    def __init__(self, address: str, timeout: float) -> None:
        super().__init__("http+unix:///ssh", timeout=timeout)
        self._command = ssh_command(address)

    def get_connection(self, url: str, proxies: Any = None) -> _Pool:  # noqa: ARG002
        with self.pools.lock:
            pool: _Pool | None = self.pools.get(url)
            if pool is None:
                pool = self.pools[url] = _Pool(url, self._command, self.timeout)
        return pool


def ssh_command(address: str) -> list[str]:
    """The client's command line for an address: never asks for a password."""
    parts = urllib.parse.urlsplit(address)
    command = ["ssh", "-o", "BatchMode=yes", "-T"]
    if parts.username:
        command += ["-l", parts.username]
    if parts.port:
        command += ["-p", str(parts.port)]
    return [*command, "--", parts.hostname or "", "docker", "system", "dial-stdio"]
