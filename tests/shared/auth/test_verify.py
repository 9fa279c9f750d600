"""Verifying exports of the audit: whatever is done to a file is found, at its line."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from shared.auth.chain import FORMAT, GENESIS, canonical, entry_hash, head_text, personal_digest
from shared.auth.signing import Signer
from shared.auth.verify import Broken, CutOff, Verified, verify

SIGNER = Signer("a secret of at least thirty-two letters")
ORG = "org_a"
SALT = bytes(16)


def _file(first: int, last: int) -> list[bytes]:
    """An export of entries `first` to `last` of a chain that is always the same."""
    hash_, lines = GENESIS, []
    for number in range(1, last + 1):
        if number == first:
            lines = [_line(format=FORMAT, organisation=ORG, after=number - 1, hash=hash_.hex())]
        digests = {"address": personal_digest(SALT, "192.0.2.1")}
        entry = {"organisation": ORG, "sequence": number, "action": "a", "digests": digests}
        hash_ = entry_hash(hash_, entry)
        personal = {"address": {"salt": SALT.hex(), "value": "192.0.2.1"}}
        lines.append(_line(entry=entry, hash=hash_.hex(), personal=personal))
    return [*lines, _end(last, hash_)]


def _line(**values: Any) -> bytes:
    return canonical(values) + b"\n"


def _end(last: int, head: bytes, signer: Signer = SIGNER) -> bytes:
    text = head_text(ORG, first=1, base=GENESIS.hex(), last=last, head=head.hex())
    return _line(head=json.loads(text), key=signer.public, signature=signer.sign(text).hex())


FILE = _file(1, 4)


def _replaced(number: int, old: bytes, new: bytes) -> list[bytes]:
    assert old in FILE[number - 1]
    return [line.replace(old, new, 1) if at == number else line for at, line in enumerate(FILE, 1)]


def _rehashed() -> list[bytes]:
    """Entry 2 changed, and every hash from there on made new, as somebody would who can."""
    hash_, lines = GENESIS, FILE[:1]
    for line in FILE[1:-1]:
        value = json.loads(line)
        if value["entry"]["sequence"] == 2:
            value["entry"]["action"] = "b"
        hash_ = entry_hash(hash_, value["entry"])
        lines = [*lines, _line(**(value | {"hash": hash_.hex()}))]
    return [*lines, _end(4, hash_, Signer("another secret that somebody else has"))]


def test_a_file_that_nobody_touched_holds() -> None:
    found = verify(FILE, key=SIGNER.public)
    assert (found.entries, found.start.sequence, found.end.sequence) == (4, 0, 4)
    assert (found.erased, found.key) == (0, SIGNER.public)


def test_what_was_erased_is_counted_and_holds() -> None:
    value = json.loads(FILE[2])
    del value["personal"]
    found = verify([*FILE[:2], _line(**value), *FILE[3:]])
    assert (found.entries, found.erased) == (4, 1)


@pytest.mark.parametrize(
    ("lines", "line", "why"),
    [
        (_replaced(3, b'"action":"a"', b'"action":"b"'), 3, "was changed"),
        ([*FILE[:2], *FILE[3:]], 3, "entry 3 follows entry 1"),
        ([*FILE[:2], FILE[3], FILE[2], *FILE[4:]], 3, "entry 3 follows entry 1"),
        ([*FILE[:3], FILE[2], *FILE[3:]], 4, "entry 2 follows entry 2"),
        ([*FILE[:4], FILE[5]], 5, "ends with entry 4, the file with entry 3"),
        ([*FILE[:1], *FILE[2:]], 2, "entry 2 follows entry 0"),
        ([*FILE, FILE[2]], 7, "behind the end"),
        (FILE[1:], 1, "no export"),
        (_replaced(1, b'"hash":"00', b'"hash":"01'), 1, "begins with zeros"),
        (_replaced(2, b"192.0.2.1", b"192.0.2.2"), 2, "is not what it was"),
        (_replaced(2, b'{"entry"', b'{"a":1,"entry"'), 2, "line is"),
        (_replaced(2, b'"sequence":1', b'"sequence":1,"sequence":1'), 2, "not spelled"),
        (_replaced(2, b'{"entry"', b'{ "entry"'), 2, "not spelled"),
        ([FILE[0], b"\n", *FILE[1:]], 2, "not JSON"),
        ([FILE[0], b"\xff\n"], 2, "not JSON"),
        ([FILE[0], b"[" * 100_000 + b"\n"], 2, "not JSON"),
        ([FILE[0], b"[]\n"], 2, "not a JSON object"),
        ([FILE[0], b"{}\n"], 2, "neither an entry"),
        ([FILE[0], _line(missing=1, hash="00")], 2, "was removed"),
        ([FILE[0], _line(entry=[], hash="00")], 2, "entry is missing"),
        ([FILE[0], _line(entry={}, hash="zz" * 32)], 2, "no hash"),
        (_replaced(2, ORG.encode(), b"org_b"), 2, "belongs to 'org_b'"),
        ([*FILE[:5], _line(**(json.loads(FILE[5]) | {"signature": None}))], 6, "not signed"),
        ([*FILE[:5], _line(**(json.loads(FILE[5]) | {"signature": "00"}))], 6, "not signed by"),
        (_rehashed(), 6, "not signed by"),
    ],
)
def test_what_was_done_to_a_file_is_found_at_its_line(
    lines: list[bytes], line: int, why: str
) -> None:
    with pytest.raises(Broken, match=why) as broken:
        verify(lines, key=SIGNER.public)
    assert (broken.value.line, type(broken.value)) == (line, Broken)


@pytest.mark.parametrize(
    ("lines", "line"),
    [([], 1), (FILE[:1], 2), (FILE[:3], 4), ([*FILE[:2], FILE[2][:-9]], 3), (FILE[:5], 6)],
)
def test_a_file_that_lacks_its_end_is_told_from_one_that_was_changed(
    lines: list[bytes], line: int
) -> None:
    with pytest.raises(CutOff) as cut:
        verify(lines)
    assert cut.value.line == line


def test_a_new_chain_of_somebody_else_is_found_only_with_the_key() -> None:
    assert verify(_rehashed()).entries == 4


@pytest.mark.parametrize("of", [lambda end: end, lambda end: end.hash])
def test_files_in_sequence_hold(of: Callable[[Any], Any]) -> None:
    first = verify(_file(1, 2))
    assert verify(_file(3, 4), follows=of(first.end)).entries == 2


@pytest.mark.parametrize("begin", [2, 4])
@pytest.mark.parametrize("of", [lambda end: end, lambda end: end.hash])
def test_a_gap_between_files_and_what_comes_twice_is_found(
    of: Callable[[Any], Any], begin: int
) -> None:
    first: Verified = verify(_file(1, 2))
    with pytest.raises(Broken, match="the file begins behind") as broken:
        verify(_file(begin, 5), follows=of(first.end))
    assert broken.value.line == 1
