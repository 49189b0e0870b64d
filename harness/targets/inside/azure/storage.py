"""A blob storage on loopback that knows three things: to take a snapshot, to hold, and to tell.

The first request for a snapshot of any disk has the suite's snapshot command take the set; those
for the other disks are answered from it: a storage array takes all disks at one instant.
"""

from __future__ import annotations

import datetime as dt
import errno
import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Callable, Dict, Optional, Tuple

from harness.targets.inside.processes import kill_group

PORT = 443
#: Guests may share one network namespace, and two runs one guest: each takes a free address.
ADDRESSES = tuple(f"127.77.0.{number}" for number in range(1, 65))

_FAILED = (
    "<?xml version='1.0' encoding='utf-8'?><Error><Code>InternalError</Code>"
    "<Message>The server encountered an internal error.</Message></Error>"
)


class SnapshotSet:
    """The one set of a run: taken when it is first asked for, by the suite's command."""

    def __init__(self, command: str) -> None:
        self._command = command
        self._lock = threading.Lock()
        self._process: Optional[subprocess.Popen[bytes]] = None
        self._over = False

    def take(self) -> bool:
        """Whether the set is taken; waits for the command, however long it takes."""
        with self._lock:
            if self._process is None and not self._over:
                self._process = subprocess.Popen(
                    [self._command], stdin=subprocess.DEVNULL, start_new_session=True
                )
        return self._process is not None and self._process.wait() == 0

    def give_up(self) -> None:
        """End what is left of a command that failed or hangs: nobody waits for the set any more."""
        with self._lock:
            self._over = True
            if self._process is not None and self._process.poll() != 0:
                kill_group(self._process.pid)


class Storage:
    """Listens once it is made; serves once it is told to."""

    def __init__(self, certificate: str, take: Callable[[], bool], port: int = PORT) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self._server, self.address = _listen(port)
        self._server.socket = context.wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )
        self._server.take = take  # type: ignore[attr-defined]

    def serve(self) -> None:
        """Answer requests in threads of their own, in the background."""
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """Answer no further request."""
        self._server.shutdown()
        self._server.server_close()

    def close(self) -> None:
        """Close the listening socket of a process that does not serve."""
        self._server.socket.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is its own business."""


class _Blob(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """The properties of a blob that nobody has written to yet."""
        self._answer(200, "", {"x-ms-blob-type": "BlockBlob"})

    def do_PUT(self) -> None:
        """A snapshot, or content that is taken and forgotten."""
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if "comp=snapshot" not in self.path:
            self._answer(201, "", {})
            return
        if self.server.take():  # type: ignore[attr-defined]
            now = dt.datetime.now(dt.timezone.utc)
            self._answer(201, "", {"x-ms-snapshot": now.strftime("%Y-%m-%dT%H:%M:%S.%fZ")})
        else:
            self._answer(500, _FAILED, {})

    def _answer(self, code: int, body: str, headers: Dict[str, str]) -> None:
        raw = body.encode()
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *_: Any) -> None:
        """The log is the extension's."""


def _listen(port: int) -> Tuple[_Server, str]:
    for address in ADDRESSES:
        try:
            return _Server((address, port), _Blob), address
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
    raise OSError(errno.EADDRINUSE, "no address is left for the storage")
