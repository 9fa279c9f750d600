"""Checking an exported audit: pure, offline, and as strict as one spelling of JSON allows.

`apps/administration/audit/lines.py` says what the lines are.
"""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from shared.auth.chain import FORMAT, GENESIS, canonical, entry_hash, head_text, personal_digest
from shared.auth.signing import signed_by

# The longest line that is read: an entry holds what one request changed, which has its own bound.
LONGEST_LINE = 32 * 1024 * 1024


class Broken(Exception):
    """The file is not what was exported. `line` is the first that is wrong, from 1 on."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(why)
        self.line = line
        self.why = why


class CutOff(Broken):
    """What is there holds, but the file's end is missing."""


@dataclass(frozen=True, slots=True)
class Link:
    """A place in a chain: an organisation, the number of an entry, and its hash in hex."""

    organisation: str
    sequence: int
    hash: str


@dataclass(frozen=True, slots=True)
class Verified:
    """A file that holds: from behind `start` to `end`. `key`: who signed its end, if anybody."""

    start: Link
    end: Link
    entries: int
    erased: int
    key: str | None


def verify(
    lines: Iterable[bytes],
    *,
    follows: Link | str | None = None,
    key: str | Collection[str] | None = None,
) -> Verified:
    """Check a whole file. Raises `Broken`, `CutOff`.

    `follows`: where the file before this one ended, or only the hash of it. `key`: the public key
    that has to have signed the end, or several of which one has; without it, a signature has to
    fit the key in the file.
    """
    reading = _Reading(follows, (key,) if isinstance(key, str) else tuple(key or ()))
    number = 0
    for number, line in enumerate(lines, 1):
        reading.take(number, line)
    return reading.done(number)


class _Reading:
    """Where the reading of a file is."""

    def __init__(self, follows: Link | str | None, keys: tuple[str, ...]) -> None:
        self._follows = follows
        self._keys = keys
        self._start: Link | None = None
        self._at = Link("", 0, "")
        self._entries = 0
        self._erased = 0
        self._head: Verified | None = None

    def take(self, number: int, line: bytes) -> None:
        if self._head is not None:
            raise Broken(number, "there is something behind the end of the chain")
        if not line.endswith(b"\n"):
            raise CutOff(number, "the line is cut off; export the audit again")
        value = _read(number, line)
        if self._start is None:
            self._begin(number, value)
        elif "entry" in value:
            self._entry(number, value)
        elif "head" in value:
            self._end(number, value)
        elif "missing" in value:
            raise Broken(
                number,
                f"entry {value['missing']!a} was removed from the database after it was sealed",
            )
        else:
            raise Broken(number, "it is neither an entry nor the end of a chain")

    def done(self, number: int) -> Verified:
        if self._head is None:
            raise CutOff(
                number + 1, "the file ends without the end of the chain; export the audit again"
            )
        return self._head

    def _begin(self, number: int, value: dict[str, Any]) -> None:
        if value.get("format") != FORMAT:
            raise Broken(number, f"this is no export of an audit: it has no format {FORMAT}")
        _only(number, value, "format", "organisation", "after", "hash")
        start = Link(*_fields(number, value, organisation=str, after=int, hash=str))
        if start.sequence == 0 and start.hash != GENESIS.hex():
            raise Broken(number, "a chain that begins with its first entry begins with zeros")
        self._check_follows(number, start)
        self._start = self._at = start

    def _check_follows(self, number: int, start: Link) -> None:
        if isinstance(self._follows, str) and start.hash != self._follows:
            raise Broken(
                number, f"the file begins behind hash {start.hash}, not behind {self._follows}"
            )
        if isinstance(self._follows, Link) and start != self._follows:
            raise Broken(
                number,
                f"the file begins behind entry {start.sequence} of {start.organisation}, but the "
                f"one before it ends with entry {self._follows.sequence} of "
                f"{self._follows.organisation}, or they differ in its hash",
            )

    def _entry(self, number: int, value: dict[str, Any]) -> None:
        _only(number, value, "entry", "hash", "personal")
        entry, said = _fields(number, value, entry=dict, hash=str)
        organisation, sequence = _fields(number, entry, organisation=str, sequence=int)
        if organisation != self._at.organisation:
            raise Broken(number, f"the entry belongs to {organisation!a}")
        if sequence != self._at.sequence + 1:
            raise Broken(number, f"entry {sequence} follows entry {self._at.sequence}")
        if entry_hash(bytes.fromhex(self._at.hash), entry).hex() != said:
            raise Broken(number, f"the hash of entry {sequence} is another: it was changed")
        self._check_personal(number, entry, value.get("personal", {}))
        self._at = Link(organisation, sequence, said)
        self._entries += 1

    def _check_personal(self, number: int, entry: dict[str, Any], shown: Any) -> None:
        digests = entry.get("digests") or {}
        if not isinstance(shown, dict) or not isinstance(digests, dict):
            raise Broken(number, "what is personal is not named")
        for name, one in shown.items():
            salt, value = _salted(number, one)
            if personal_digest(salt, value) != digests.get(name):
                raise Broken(number, f"{name!a} is not what it was: its digest is another")
        self._erased += len(digests.keys() - shown.keys())

    def _end(self, number: int, value: dict[str, Any]) -> None:
        assert self._start is not None
        _only(number, value, "head", "key", "signature")
        (head,) = _fields(number, value, head=dict)
        _only(number, head, "format", "organisation", "first", "base", "last", "head")
        organisation, last, hash_ = _fields(number, head, organisation=str, last=int, head=str)
        if Link(organisation, last, hash_) != self._at:
            raise Broken(
                number,
                f"the chain ends with entry {last}, the file with entry {self._at.sequence}, or "
                "they differ in its hash",
            )
        first, base = _fields(number, head, first=int, base=str)
        if self._start.sequence < first - 1:
            raise Broken(number, f"the chain begins with entry {first}, the file before it")
        if self._start.sequence == first - 1 and self._start.hash != base:
            raise Broken(number, "the chain begins with another hash than the file")
        text = head_text(organisation, first=first, base=base, last=last, head=hash_)
        key = self._signer(number, text, value)
        self._head = Verified(self._start, self._at, self._entries, self._erased, key)

    def _signer(self, number: int, text: bytes, value: dict[str, Any]) -> str | None:
        signature, own = value.get("signature"), value.get("key")
        if signature is None and not self._keys and self._at.sequence == 0:
            return None
        keys = self._keys or ((own,) if isinstance(own, str) else ())
        if not isinstance(signature, str) or not keys:
            raise Broken(number, "the end of the chain is not signed")
        for key in keys:
            if signed_by(key, _unhex(number, signature), text):
                return key
        named = " or ".join(f"{key!a}" for key in keys)
        raise Broken(number, f"the end of the chain is not signed by the key {named}")


def _read(number: int, line: bytes) -> dict[str, Any]:
    """The line's JSON, if it is in the one spelling: no two readers take it differently."""
    try:
        value = json.loads(line)
        same = canonical(value) + b"\n" == line
    except (ValueError, RecursionError):
        raise Broken(number, "the line is not JSON") from None
    if not isinstance(value, dict):
        raise Broken(number, "the line is not a JSON object")
    if not same:
        raise Broken(number, "the line is not spelled as an export spells it: it was changed")
    return value


def _only(number: int, value: dict[str, Any], *names: str) -> None:
    if more := sorted(value.keys() - set(names)):
        raise Broken(number, f"the line is given more than an export gives it: {more[0]!a}")


def _fields(number: int, value: dict[str, Any], **kinds: type) -> list[Any]:
    found = [value.get(name) for name in kinds]
    for (name, kind), one in zip(kinds.items(), found, strict=True):
        if type(one) is not kind:
            raise Broken(number, f"{name} is missing, or is not a {kind.__name__}")
        if name in ("hash", "head", "base") and kind is str and not _is_hash(one):
            raise Broken(number, f"{name} is no hash")
    return found


def _salted(number: int, one: Any) -> tuple[bytes, Any]:
    if not isinstance(one, dict) or one.keys() != {"salt", "value"}:
        raise Broken(number, "a personal value has a salt and a value")
    return _unhex(number, one["salt"]), one["value"]


def _unhex(number: int, text: Any) -> bytes:
    try:
        return bytes.fromhex(text)
    except (TypeError, ValueError):
        raise Broken(number, "what should be hex digits is something else") from None


def _is_hash(text: Any) -> bool:
    try:
        return len(text) == 64 and len(bytes.fromhex(text)) == 32
    except ValueError:
        return False
