"""The blob storage: one set for all disks, failures told, a hanging command given up."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.targets.azure_certificate import self_signed
from harness.targets.inside.azure.storage import SnapshotSet, Storage


def command(folder: Path, body: str) -> str:
    path = folder / "snapshot"
    path.write_text(f"#!/bin/sh\necho called >>{folder}/calls\n{body}\n")
    path.chmod(0o755)
    return str(path)


def calls(folder: Path) -> int:
    return len((folder / "calls").read_text().splitlines())


@pytest.fixture
def port() -> int:
    with socket.socket() as found:
        found.bind(("127.77.0.1", 0))
        number: int = found.getsockname()[1]
        return number


class Client:
    """What the extension does: HTTPS with the usual checks, and one trusted certificate."""

    def __init__(self, storage: Storage, port: int, trusted: Path) -> None:
        self._context = ssl.create_default_context(cafile=str(trusted))
        self._place = (storage.address, port)

    def ask(self, method: str, path: str, body: str | None = None) -> tuple[int, str | None]:
        connection = http.client.HTTPSConnection(*self._place, timeout=10, context=self._context)
        connection.request(method, path, body=body)
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer.status, answer.getheader("x-ms-snapshot")


@pytest.fixture
def client(tmp_path: Path, port: int) -> Iterator[tuple[Client, SnapshotSet]]:
    certificate, secret = self_signed()
    (tmp_path / "trusted.pem").write_bytes(certificate)
    (tmp_path / "storage.pem").write_bytes(secret)
    taken = SnapshotSet(str(tmp_path / "snapshot"))
    storage = Storage(str(tmp_path / "storage.pem"), taken.take, port)
    storage.serve()
    yield Client(storage, port, tmp_path / "trusted.pem"), taken
    storage.stop()


def test_one_set_for_all_disks(client: tuple[Client, SnapshotSet], tmp_path: Path) -> None:
    command(tmp_path, "exit 0")
    for disk in range(3):
        status, instant = client[0].ask("PUT", f"/disks/{disk}?sv=1&comp=snapshot")
        assert status == 201
        assert instant
    assert calls(tmp_path) == 1


def test_a_failed_set_is_no_disks(client: tuple[Client, SnapshotSet], tmp_path: Path) -> None:
    command(tmp_path, "exit 1")
    answers = [client[0].ask("PUT", f"/disks/{disk}?sv=1&comp=snapshot") for disk in range(2)]
    assert answers == [(500, None), (500, None)]
    assert calls(tmp_path) == 1


def test_logs_are_taken_and_no_snapshot(client: tuple[Client, SnapshotSet], tmp_path: Path) -> None:
    command(tmp_path, "exit 0")
    assert client[0].ask("GET", "/logs/task?sv=1")[0] == 200
    assert client[0].ask("PUT", "/logs/task?sv=1", "a log")[0] == 201
    assert not (tmp_path / "calls").exists()


def test_a_hanging_command_is_given_up(client: tuple[Client, SnapshotSet], tmp_path: Path) -> None:
    command(tmp_path, "exec sleep 1000")
    answers: list[tuple[int, str | None]] = []
    asking = threading.Thread(
        target=lambda: answers.append(client[0].ask("PUT", "/disks/0?comp=snapshot"))
    )
    asking.start()
    asking.join(0.3)
    assert not answers
    client[1].give_up()
    asking.join(10)
    assert answers == [(500, None)]
    assert client[0].ask("PUT", "/disks/1?comp=snapshot") == (500, None)


def test_a_second_storage_takes_another_address(tmp_path: Path, port: int) -> None:
    (tmp_path / "storage.pem").write_bytes(self_signed()[1])
    storages = [Storage(str(tmp_path / "storage.pem"), bool, port) for _ in range(2)]
    assert storages[0].address != storages[1].address
    for storage in storages:
        storage.close()
