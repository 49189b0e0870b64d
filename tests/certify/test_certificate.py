"""Certificates: issued for what they say, and refused for anything else."""

from __future__ import annotations

import base64
import datetime as dt
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from harness.certify import certificate as certificates
from harness.certify.baseline import of_certificate
from harness.certify.certificate import Certificate, Doubtful
from harness.certify.kit import Kit, load_kit
from harness.cli import main
from harness.cli.verify import lines_of
from harness.problem import UsageProblem
from harness.results.record import Record
from tests.results.test_statement import KIT, RECORD

from .conftest import WriteKit

Place = tuple[str | int, ...]


@pytest.fixture
def key(tmp_path: Path) -> Path:
    certificates.make_key(tmp_path / "key")
    return tmp_path / "key"


@pytest.fixture
def kit(write_kit: WriteKit) -> Kit:
    return load_kit(write_kit())


def record_of(kit: Kit) -> Record:
    info = replace(KIT, files=dict(kit.digests), digest=kit.digest)
    return replace(RECORD, header=replace(RECORD.header, kit=info))


@pytest.fixture
def path(kit: Kit, key: Path, tmp_path: Path) -> Path:
    path = tmp_path / "certificate.json"
    path.write_bytes(certificates.issue(record_of(kit), certificates.private_key(key), 30))
    return path


def test_a_private_key_is_its_owners_alone(key: Path) -> None:
    assert key.stat().st_mode & 0o777 == 0o600
    with pytest.raises(UsageProblem, match="not there yet"):
        certificates.make_key(key)
    key.chmod(0o640)
    with pytest.raises(UsageProblem, match="may be read by others"):
        certificates.private_key(key)


@pytest.mark.parametrize("read", [certificates.private_key, certificates.public_key])
def test_what_is_no_key_is_named(tmp_path: Path, read: Callable[[Path], object]) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("no key")
    wrong.chmod(0o600)
    for file in (wrong, tmp_path / "absent"):
        with pytest.raises(UsageProblem, match=file.name):
            read(file)


def test_it_holds(path: Path, key: Path, kit: Kit) -> None:
    found = certificates.load(path)
    certificates.check_signature(found, certificates.public_key(key.with_name("key.pub")))
    certificates.check_expiry(found, dt.datetime(2026, 12, 1, tzinfo=dt.UTC))
    certificates.check_kit(found, kit)


def test_another_key_did_not_sign_it(path: Path, tmp_path: Path) -> None:
    other = certificates.make_key(tmp_path / "other")
    with pytest.raises(Doubtful, match="not of this key"):
        certificates.check_signature(certificates.load(path), certificates.public_key(other))


def forged(path: Path) -> Certificate:
    envelope = json.loads(path.read_text())
    payload = json.loads(base64.b64decode(envelope["payload"]))
    payload["predicate"]["certified"]["level"] = 4
    envelope["payload"] = base64.b64encode(json.dumps(payload).encode()).decode()
    path.write_text(json.dumps(envelope))
    return certificates.load(path)


def test_a_changed_statement_is_not_signed(path: Path, key: Path) -> None:
    with pytest.raises(Doubtful, match="not of this key"):
        certificates.check_signature(
            forged(path), certificates.public_key(key.with_name("key.pub"))
        )


def test_it_expires(path: Path) -> None:
    found = certificates.load(path)
    with pytest.raises(Doubtful, match="expired"):
        certificates.check_expiry(found, found.expires)


def test_each_file_that_differs_is_named(path: Path, kit: Kit) -> None:
    found = certificates.load(path)
    digests = dict(kit.digests)
    gone = digests.pop("post.sh")
    digests |= {"pre.sh": gone, "new.sh": gone}
    with pytest.raises(Doubtful) as caught:
        certificates.check_files(found, certificates.KIT, digests)
    for words in ("pre.sh differs", "post.sh is missing", "new.sh was not there"):
        assert words in caught.value.message
    bits = {name: replace(file, executable=not file.executable) for name, file in kit.files.items()}
    with pytest.raises(Doubtful, match="may be executed"):
        certificates.check_kit(found, replace(kit, files=bits))


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"payload": "e30=", "payloadType": "x"}', "[" * 100_000]
)
def test_what_is_no_certificate_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "text.json"
    path.write_text(text)
    with pytest.raises(UsageProblem, match=r"text\.json is no certificate"):
        certificates.load(path)


def places(body: Any, above: Place = ()) -> Iterator[Place]:
    """Where something stands in a document: keys and numbers, from the outside in."""
    entries = body.items() if isinstance(body, dict) else enumerate(body)
    for key, value in entries:
        yield (*above, key)
        if isinstance(value, dict | list):
            yield from places(value, (*above, key))


def spoilt(document: Any, place: Place, value: object) -> Any:
    """A copy with this value there, or without what stands there."""
    copied = json.loads(json.dumps(document))
    inner = copied
    for key in place[:-1]:
        inner = inner[key]
    if value is Ellipsis:
        del inner[place[-1]]
    else:
        inner[place[-1]] = value
    return copied


WRONG = (..., None, True, -1, 1e308, "", [], {}, ["a"], {"a": 1}, "2026-01-01T00:00:00", "x\x1b[2J")


def test_whatever_a_certificate_says_is_judged_in_words(path: Path, key: Path, kit: Kit) -> None:
    """Each thing of it taken away, or of another type: refused by `load`, or fit to be read."""
    envelope = json.loads(path.read_bytes())
    statement = json.loads(base64.b64decode(envelope["payload"]))
    documents = [spoilt(envelope, p, value) for p in places(envelope) for value in WRONG]
    for changed in (spoilt(statement, p, value) for p in places(statement) for value in WRONG):
        payload = base64.b64encode(json.dumps(changed).encode()).decode()
        documents.append(envelope | {"payload": payload})
    assert len(documents) > 500
    public, now = (
        certificates.public_key(Path(f"{key}.pub")),
        dt.datetime(2026, 12, 1, tzinfo=dt.UTC),
    )
    refused = 0
    for document in documents:
        path.write_text(json.dumps(document))
        try:
            found = certificates.load(path)
        except UsageProblem:
            refused += 1
            continue
        lines_of(found, str(kit.folder))
        of_certificate(found, Path(f"{key}.pub"), now)
        for check in (
            partial(certificates.check_signature, found, public),
            partial(certificates.check_expiry, found, now),
            partial(certificates.check_kit, found, kit),
        ):
            with suppress(Doubtful):
                check()
    assert len(documents) // 2 < refused < len(documents)


def test_a_certificate_without_a_time_zone_says_so(path: Path) -> None:
    envelope = json.loads(path.read_bytes())
    statement = json.loads(base64.b64decode(envelope["payload"]))
    statement["predicate"]["expires"] = "2027-01-01T00:00:00"
    envelope["payload"] = base64.b64encode(json.dumps(statement).encode()).decode()
    path.write_text(json.dumps(envelope))
    with pytest.raises(UsageProblem, match="no certificate: expires is in no time zone"):
        certificates.load(path)


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    with pytest.raises(SystemExit) as ended:
        main(list(words))
    output = capsys.readouterr()
    assert isinstance(ended.value.code, int)
    return ended.value.code, output.out + output.err


def test_the_command(capsys: pytest.CaptureFixture[str], path: Path, key: Path, kit: Kit) -> None:
    public = f"{key}.pub"
    code, said = run(capsys, "verify", str(path), str(kit.folder), "--key", public)
    assert code == 0, said
    assert "each as certified" in said
    code, said = run(capsys, "verify", str(path))
    assert (code, "was not checked" in said) == (2, True)
    (kit.folder / "pre.sh").write_text("#!/bin/sh\nexit 0\n")
    code, said = run(capsys, "verify", str(path), str(kit.folder), "--key", public)
    assert (code, "pre.sh differs" in said) == (1, True)
    forged(path)
    assert run(capsys, "verify", str(path), "--key", public)[0] == 1
    assert run(capsys, "verify", str(key.parent / "absent.json"))[0] == 4
    assert run(capsys, "keygen", str(key))[0] == 4
    assert "error:" in said
    assert sys.exc_info()[0] is None
