"""The certificate: a signed statement in a DSSE envelope, made by one run and checked offline.

Keys are Ed25519, as PEM files; a private one is readable by its owner alone.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import CryptoSigner, SSlibKey

from harness.certify.kit import Kit
from harness.certify.levels import HIGHEST
from harness.problem import Problem, UsageProblem
from harness.results.record import Record
from harness.results.statement import EXECUTOR, KIT, PAYLOAD, PREDICATE, STATEMENT, statement

_REF = "certificate"
#: What `certified` must hold, by its type; what else it holds is for whoever reads it.
_CERTIFIED: Mapping[type, tuple[str, ...]] = {
    str: ("kit", "version", "vendor", "digest"),
    int: ("level", "rounds", "acknowledged", "lost", "sabotages", "caught"),
    list: ("filesystems",),
}
_WORDS: Mapping[type, str] = {str: "text", int: "number", list: "list", dict: "object"}

_Type = TypeVar("_Type", str, int, list[Any], dict[str, Any])


class Doubtful(Problem):
    """A certificate that does not hold: signature, expiry, or another kit."""

    exit_code = 1


@dataclass(frozen=True)
class Certificate:
    """A statement that was read from an envelope, of the shape that `load` has checked."""

    statement: Mapping[str, Any]
    envelope: Envelope

    @property
    def certified(self) -> Mapping[str, Any]:
        """Kit, level, rounds and counts."""
        found: Mapping[str, Any] = self.statement["predicate"]["certified"]
        return found

    @property
    def expires(self) -> dt.datetime:
        """From when on it says nothing more."""
        return dt.datetime.fromisoformat(self.statement["predicate"]["expires"])

    @property
    def configuration(self) -> Mapping[str, Mapping[str, str]]:
        """On what it was certified, by "suite", "executor", "guests" and so on."""
        entries = self.statement["predicate"].get("configuration", ())
        return {entry["name"]: entry.get("annotations", {}) for entry in entries}

    def files(self, prefix: str) -> Mapping[str, str]:
        """sha256 by path, of the kit (`KIT`) or of the executor (`EXECUTOR`)."""
        return {
            subject["name"].removeprefix(prefix): subject["digest"]["sha256"]
            for subject in self.statement["subject"]
            if subject["name"].startswith(prefix)
        }


# -- keys


def make_key(path: Path) -> Path:
    """Write a new private key to `path`, mode 600, and its public half beside it; that one's path.

    Raises UsageProblem where either file is there already or can't be written.
    """
    signer = CryptoSigner.generate_ed25519()
    public = path.with_name(f"{path.name}.pub")
    pem = signer.public_key.keyval["public"]
    whole = Ed25519PublicKey.from_public_bytes(bytes.fromhex(pem)).public_bytes(
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
    )
    for place, content, mode in ((path, signer.private_bytes, 0o600), (public, whole, 0o644)):
        try:
            descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        except OSError as error:
            raise UsageProblem(
                f"the key can't be written to {place}: {error.strerror}",
                "name a file that is not there yet, in a folder that you may write to",
                "key",
            ) from error
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
    return public


def private_key(path: Path) -> CryptoSigner:
    """The signer of a key file; a UsageProblem where it is none, or others may read it."""
    content = _read(path, "key")
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise UsageProblem(
            f"the private key {path} may be read by others", f"chmod 600 {path}", "key"
        )
    try:
        key = load_pem_private_key(content, None)
    except (ValueError, TypeError) as error:
        raise UsageProblem(
            f"{path} is no private key: {error}", "make one with `snapcert keygen`", "key"
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise UsageProblem(f"{path} is no Ed25519 key", "make one with `snapcert keygen`", "key")
    return CryptoSigner(key)


def public_key(path: Path) -> SSlibKey:
    """The key of a PEM file with a public key; a UsageProblem where it is none."""
    try:
        key = load_pem_public_key(_read(path, "key"))
    except ValueError as error:
        raise UsageProblem(
            f"{path} is no public key: {error}",
            "give the .pub file that `snapcert keygen` wrote beside the private one",
            "key",
        ) from error
    if not isinstance(key, Ed25519PublicKey):
        raise UsageProblem(f"{path} is no Ed25519 key", "ask for the issuer's .pub file", "key")
    return SSlibKey.from_crypto(key)


# -- issuing and checking


def issue(record: Record, signer: CryptoSigner, valid_days: int) -> bytes:
    """The signed envelope of a record that certifies; a ValueError says why it carries none."""
    payload = json.dumps(statement(record, valid_days), indent=1).encode()
    envelope = Envelope(payload, PAYLOAD, {})
    envelope.sign(signer)
    return json.dumps(envelope.to_dict(), indent=1).encode() + b"\n"


def load(path: Path) -> Certificate:
    """The certificate in a file; a UsageProblem where there is none. Nothing of it is checked."""
    try:
        envelope = Envelope.from_dict(json.loads(_read(path, _REF)))
        found = json.loads(envelope.payload)
        kinds = (envelope.payload_type, found["_type"], found["predicateType"])
        if kinds != (PAYLOAD, STATEMENT, PREDICATE):
            raise ValueError(f"its types are {', '.join(map(str, kinds))}")
        _check_shape(found)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise UsageProblem(
            f"{path} is no certificate: {error}",
            "give the certificate.json that `snapcert certify --key` wrote, unchanged",
            _REF,
        ) from error
    return Certificate(found, envelope)


def _check_shape(statement: Mapping[str, Any]) -> None:
    """Raise ValueError where something is not there that is read later, or of another type."""
    predicate = _has(statement, "predicate", dict)
    if dt.datetime.fromisoformat(_has(predicate, "expires", str)).tzinfo is None:
        raise ValueError("expires is in no time zone")
    about = _has(predicate, "certified", dict)
    for kind, keys in _CERTIFIED.items():
        for key in keys:
            _has(about, key, kind)
    if not 1 <= about["level"] <= HIGHEST:
        raise ValueError(f"there is no level {about['level']}")
    if "faults" in about:
        _has(about, "faults", int)
    if not all(isinstance(name, str) for name in about["filesystems"]):
        raise ValueError("filesystems are no texts")
    for subject in _has(statement, "subject", list):
        _has(subject, "name", str)
        _has(_has(subject, "digest", dict), "sha256", str)
    for entry in _has(predicate, "configuration", list) if "configuration" in predicate else ():
        if _has(entry, "name", str) == "suite":
            for key in ("version", "rules"):
                _has(_has(entry, "annotations", dict), key, str)


def _has(body: Any, key: str, kind: type[_Type]) -> _Type:
    value = body.get(key) if isinstance(body, dict) else None
    if type(value) is not kind:  # a bool is no number
        raise ValueError(f"{key} is no {_WORDS[kind]}")
    return value


def check_signature(certificate: Certificate, key: SSlibKey) -> None:
    """Raise Doubtful unless this key signed it."""
    try:
        certificate.envelope.verify([key], 1)
    except VerificationError as error:
        raise Doubtful(
            f"the signature is not of this key ({key.keyid[:16]})",
            "ask the issuer for the right public key; do not trust this certificate before",
            _REF,
        ) from error


def check_expiry(certificate: Certificate, now: dt.datetime) -> None:
    """Raise Doubtful where it has expired."""
    if now >= certificate.expires:
        raise Doubtful(
            f"it expired at {certificate.expires.isoformat()}", "certify the kit again", _REF
        )


def differences(certificate: Certificate, prefix: str, files: Mapping[str, str]) -> Iterator[str]:
    """Sentences about each file that is not as it was certified; none where all are."""
    certified = certificate.files(prefix)
    for path in sorted({*certified, *files}):
        if path not in files:
            yield f"{path} is missing"
        elif path not in certified:
            yield f"{path} was not there when it was certified"
        elif files[path] != certified[path]:
            yield f"{path} differs from the certified one"


def check_files(certificate: Certificate, prefix: str, files: Mapping[str, str]) -> None:
    """Raise Doubtful where the files (sha256 by path) are not the certified ones."""
    found = list(differences(certificate, prefix, files))
    if found:
        what = {KIT: "kit", EXECUTOR: "executor"}[prefix]
        raise Doubtful(
            f"this is not the certified {what}: {'; '.join(found)}",
            "get the certified files, or certify these",
            _REF,
        )


def check_kit(certificate: Certificate, kit: Kit) -> None:
    """Raise Doubtful where this is not the certified kit, file by file and in its execute bits."""
    check_files(certificate, KIT, kit.digests)
    if kit.digest != certificate.certified["digest"]:
        raise Doubtful(
            "this is not the certified kit: its files are the same, but not which of them may be "
            "executed",
            "get the certified files with their modes, or certify these",
            _REF,
        )


def _read(path: Path, ref: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageProblem(
            f"{path} can't be read: {error.strerror}", "give the path of the right file", ref
        ) from error
