"""Finding an engine, by every way that names one, and what is said where it does not answer."""

from __future__ import annotations

import contextlib
import gc
import os
import select
import shutil
import socket
import stat
import threading
import warnings
from pathlib import Path

import pytest

from harness.machines import engine as adapter
from harness.machines.engine import Engine
from harness.machines.ssh import ssh_command
from harness.machines.stream import Stream
from harness.problem import EngineProblem, IncompleteProblem


def test_a_named_engine_that_is_not_there_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    with pytest.raises(EngineProblem) as caught:
        Engine.connect(timeout=5)
    assert f"{tmp_path}/none.sock (DOCKER_HOST)" in caught.value.message
    assert "no such file" in caught.value.message
    assert "unset DOCKER_HOST" in caught.value.remedy


def test_an_unknown_context_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setenv("DOCKER_CONTEXT", "nowhere")
    with pytest.raises(EngineProblem) as caught:
        Engine.connect(timeout=5)
    assert "nowhere" in caught.value.message


def test_without_any_engine_every_place_is_listed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for variable in ("DOCKER_HOST", "DOCKER_CONTEXT"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setattr(adapter, "DEFAULT_SOCKET", f"unix://{tmp_path}/one.sock")
    monkeypatch.setattr(adapter, "PRIVATE_SOCKET", f"unix://{tmp_path}/two.sock")
    with pytest.raises(EngineProblem) as caught:
        Engine.connect(timeout=5)
    assert "one.sock" in caught.value.message
    assert "two.sock" in caught.value.message
    assert "make engine" in caught.value.remedy


def test_something_else_on_the_socket_is_no_engine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen(1)

        def serve() -> None:
            while True:
                client, _ = server.accept()
                with client:
                    if client.recv(4096):
                        client.sendall(b"SSH-2.0-nonsense\r\n")
                        return

        thread = threading.Thread(target=serve)
        thread.start()
        monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")
        with pytest.raises(EngineProblem):
            Engine.connect(timeout=5)
        thread.join(5)


def test_an_image_that_is_not_there_is_incomplete(engine: Engine) -> None:
    with pytest.raises(IncompleteProblem) as caught:
        engine.image("snapcert-test:none")
    assert "snapcert-test:none" in caught.value.message
    assert caught.value.exit_code == 2


def test_removing_what_is_gone_is_no_problem(engine: Engine) -> None:
    engine.remove("0" * 64)
    engine.kill("0" * 64)
    assert engine.wait_removed(["0" * 64], 1) == ()


def test_an_engine_that_stops_answering_is_noticed(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Through a relay that is closed under it."""
    if not engine.address.startswith("unix://"):
        pytest.skip("needs a local engine to stand behind a relay")
    path = tmp_path / "relay"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen(8)
        stop = threading.Event()
        thread = threading.Thread(target=_relay, args=(server, engine.address, stop))
        thread.start()
        monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")
        relayed = Engine.connect(timeout=5)
        assert relayed.alive()
        stop.set()
        relayed.close()
        thread.join(10)
        path.unlink()
        with warnings.catch_warnings():
            # The SDK forgets the sockets that it could not connect.
            warnings.simplefilter("ignore", ResourceWarning)
            assert not relayed.alive()
            with pytest.raises(EngineProblem) as caught:
                relayed.containers()
            caught.value.__cause__ = caught.value.__context__ = None
            gc.collect()
        assert caught.value.ref == "engine-gone"
        assert "snapcert cleanup" in caught.value.remedy


def _relay(server: socket.socket, address: str, stop: threading.Event) -> None:
    server.settimeout(0.05)
    with contextlib.ExitStack() as stack:
        pairs: dict[socket.socket, socket.socket] = {}
        while not stop.is_set():
            with contextlib.suppress(TimeoutError):
                client = stack.enter_context(server.accept()[0])
                engine = stack.enter_context(socket.socket(socket.AF_UNIX))
                engine.connect(address.removeprefix("unix://"))
                pairs |= {client: engine, engine: client}
            for source in select.select(list(pairs), [], [], 0)[0]:
                data = source.recv(1 << 16)
                if data:
                    pairs[source].sendall(data)
                else:
                    del pairs[pairs.pop(source)]


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("ssh://me@there:2222", ["-l", "me", "-p", "2222", "--", "there"]),
        ("ssh://there", ["--", "there"]),
    ],
)
def test_the_ssh_client_never_asks(address: str, words: list[str]) -> None:
    command = ssh_command(address)
    assert command[:4] == ["ssh", "-o", "BatchMode=yes", "-T"]
    assert command[4:] == [*words, "docker", "system", "dial-stdio"]


def test_an_engine_behind_ssh_is_used_the_same_way(
    engine: Engine, image: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With a stand-in for ssh that runs the engine's end of the connection here."""
    if not shutil.which("docker") or not engine.address.startswith("unix://"):
        pytest.skip("needs the docker command and a local engine to stand in for a remote one")
    client = tmp_path / "ssh"
    client.write_text(
        f"#!/bin/sh\nDOCKER_HOST={engine.address} exec docker system dial-stdio\n",
        encoding="utf-8",
    )
    client.chmod(client.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("DOCKER_HOST", "ssh://user@somewhere")
    remote = Engine.connect()
    try:
        assert remote.address == "ssh://user@somewhere"
        assert remote.facts.kernel == engine.facts.kernel
        container = remote.api.create_container(
            image, ["cat"], stdin_open=True, labels={adapter.LABEL_RUN: "test-ssh"}
        )["Id"]
        try:
            stream = remote.attach(container)
            remote.start(container)
            assert stream.send(memoryview(b"through")) == 7
            assert _receive(stream, 8 + 7)[8:] == b"through"
            stream.close()
        finally:
            remote.remove(container)
    finally:
        remote.close()


def _receive(stream: Stream, size: int) -> bytes:
    got = b""
    while len(got) < size:
        ready, _, _ = select.select([stream], [], [], 10)
        assert ready, f"nothing came after {got!r}"
        got += stream.receive() or b""
    return got
