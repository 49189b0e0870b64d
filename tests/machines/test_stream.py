"""The engine's multiplexed stream, taken apart."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.machines.agent import wire
from harness.machines.channel import Channel
from harness.machines.stream import STDERR, STDOUT, Demultiplexer, SocketStream, StreamError


def _block(stream: int, data: bytes) -> bytes:
    return bytes([stream, 0, 0, 0]) + len(data).to_bytes(4, "big") + data


@given(
    st.lists(st.tuples(st.sampled_from([STDOUT, STDERR]), st.binary(max_size=40)), max_size=8),
    st.lists(st.integers(1, 50), min_size=1, max_size=40),
)
def test_pieces_may_be_cut_anywhere(blocks: list[tuple[int, bytes]], cuts: list[int]) -> None:
    raw = b"".join(_block(stream, data) for stream, data in blocks)
    demultiplexer = Demultiplexer()
    got = {STDOUT: b"", STDERR: b""}
    position = 0
    while position < len(raw):
        size = cuts[position % len(cuts)]
        for stream, piece in demultiplexer.feed(raw[position : position + size]):
            got[stream] += piece
        position += size
    for number in (STDOUT, STDERR):
        assert got[number] == b"".join(data for stream, data in blocks if stream == number)


@pytest.mark.parametrize(
    "header", [b"HTTP/1.1", b"\x01\x01\0\0\0\0\0\x01", b"\x07\0\0\0\0\0\0\x01"]
)
def test_what_is_no_block_is_refused(header: bytes) -> None:
    with pytest.raises(StreamError):
        Demultiplexer().feed(header)


@pytest.fixture
def tls_pair(tmp_path: Path) -> Iterator[tuple[ssl.SSLSocket, ssl.SSLSocket]]:
    """A client's and a server's end of one TLS connection."""
    if not shutil.which("openssl"):
        pytest.skip("needs openssl to make a certificate")
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += ["-nodes", "-subj", "/CN=x", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True, timeout=30)
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_context.load_cert_chain(certificate, key)
    client_context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client_context.check_hostname = False
    client_context.load_verify_locations(certificate)
    ours, theirs = socket.socketpair()
    made: list[ssl.SSLSocket] = []
    thread = threading.Thread(
        target=lambda: made.append(server_context.wrap_socket(theirs, server_side=True))
    )
    thread.start()
    client = client_context.wrap_socket(ours)
    thread.join(10)
    yield client, made[0]
    client.close()
    made[0].close()


def test_the_protocol_passes_through_tls_both_ways_at_once(
    tls_pair: tuple[ssl.SSLSocket, ssl.SSLSocket],
) -> None:
    """A remote engine's stream: one thread reads and writes it, large frames in both directions."""
    client, server = tls_pair

    def serve() -> None:
        reader = wire.Reader()
        hello = {"hello": {"protocol": wire.PROTOCOL, "monotonic": 0.0}}
        server.sendall(_block(STDOUT, wire.encode(hello)))
        while data := server.recv(1 << 16):
            for message in reader.feed(data):
                if "id" in message:
                    answer = wire.encode({"id": message["id"], "ok": message["with"]})
                    server.sendall(_block(STDOUT, answer))

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    channel = Channel("guest far", SocketStream(client))
    channel.hello(10)
    texts = [str(number) * 300_000 for number in range(5)]
    pending = [channel.start("echo", {"text": text}) for text in texts]
    assert [each.result(20)["text"] for each in pending] == texts
    channel.close()
    thread.join(10)
    assert not thread.is_alive(), "the far side sees our end"
