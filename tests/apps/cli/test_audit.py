"""`fortress audit verify`, as it is typed."""

import io
import json
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any

import pytest

from apps.cli.main import run
from shared.auth.chain import FORMAT, GENESIS, canonical, entry_hash, head_text
from shared.auth.signing import Signer

SIGNER = Signer("a secret of at least thirty-two letters")
ENTRY = {"organisation": "org_a", "sequence": 1, "action": "a", "digests": None}
HASH = entry_hash(GENESIS, ENTRY)
HEAD = head_text("org_a", first=1, base=GENESIS.hex(), last=1, head=HASH.hex())
LINES: list[dict[str, Any]] = [
    {"format": FORMAT, "organisation": "org_a", "after": 0, "hash": GENESIS.hex()},
    {"entry": ENTRY, "hash": HASH.hex()},
    {"head": json.loads(HEAD), "key": SIGNER.public, "signature": SIGNER.sign(HEAD).hex()},
]
# An export that goes on where the other ends: nothing came meanwhile.
NEXT = [LINES[0] | {"after": 1, "hash": HASH.hex()}, LINES[2]]


def _written(folder: Path, name: str, lines: list[dict[str, Any]]) -> str:
    file = folder / name
    file.write_bytes(b"".join(canonical(line) + b"\n" for line in lines))
    return str(file)


def test_what_holds_is_said_with_its_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = _written(tmp_path, "a", LINES)
    assert run(["audit", "verify", file, "--key", SIGNER.public, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found == {
        "holds": True,
        "pinned": True,
        "organisation": "org_a",
        "entries": 1,
        "erased": 0,
        "first": 1,
        "last": 1,
        "head": HASH.hex(),
        "key": SIGNER.public,
        "files": [file],
    }


def test_people_are_told_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [_written(tmp_path, "a", LINES), _written(tmp_path, "b", NEXT)]
    assert run(["audit", "verify", *files]) == 0
    said = capsys.readouterr().err
    assert "1 entry of org_a, 1 to 1: each is what it was, none is missing." in said
    assert "Compare it with the page /audit." in said


def test_a_chain_that_was_forged_as_a_whole_is_not_said_to_be_pinned(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    forger = Signer("another secret, of whoever wrote this file")
    forged = LINES[2] | {"key": forger.public, "signature": forger.sign(HEAD).hex()}
    file = _written(tmp_path, "a", [*LINES[:2], forged])
    assert run(["audit", "verify", file, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["pinned"] is False
    assert run(["audit", "verify", file]) == 0
    assert "Only the inner consistency was checked" in capsys.readouterr().err
    assert run(["audit", "verify", file, "--key", SIGNER.public]) == 1


def test_a_key_that_was_named_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = _written(tmp_path, "a", LINES)
    assert run(["audit", "verify", file, "--key", SIGNER.public]) == 0
    said = capsys.readouterr().err
    assert f"Signed by {SIGNER.public}, which you named." in said
    assert "Only the inner" not in said


def test_exports_from_before_and_after_a_change_of_the_secret_are_verified_together(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    after = Signer("the secret that is in force from then on")
    end = LINES[2] | {"key": after.public, "signature": after.sign(HEAD).hex()}
    files = [_written(tmp_path, "a", LINES), _written(tmp_path, "b", [NEXT[0], end])]
    both = ["--key", after.public, "--key", SIGNER.public]
    assert run(["audit", "verify", *files, *both, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["pinned"], found["key"]) == (True, after.public)
    assert run(["audit", "verify", *files, "--key", after.public]) == 1
    assert run(["audit", "verify", *files, "--key", SIGNER.public]) == 1


@pytest.mark.parametrize(
    ("lines", "options", "code", "said"),
    [
        ([LINES[0], LINES[1] | {"hash": "00" * 32}, LINES[2]], [], 1, "line 2: the hash of"),
        (LINES[:2], [], 3, "line 3: the file ends without"),
        (LINES, ["--follows", "00" * 31 + "01"], 1, "line 1: the file begins behind"),
        (LINES, ["--key", "11" * 32], 1, "line 3: the end of the chain is not signed by"),
        (LINES, ["--key", "short"], 1, "--key: a public key has 64 hex digits"),
        (LINES, ["--follows", "short"], 1, "--follows: a hash has 64 hex digits"),
    ],
)
def test_what_is_wrong_is_said_and_has_a_code(
    tmp_path: Path,
    lines: list[dict[str, Any]],
    options: list[str],
    code: int,
    said: str,
) -> None:
    heard = io.StringIO()
    with redirect_stderr(heard):
        assert run(["audit", "verify", _written(tmp_path, "a", lines), *options]) == code
    assert said in heard.getvalue()


def test_a_file_that_is_not_there_is_no_broken_chain(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["audit", "verify", str(tmp_path / "none")]) == 2
    assert "cannot be read" in capsys.readouterr().err


def test_help_has_examples(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["audit", "verify", "--help"]) == 0
    assert "fortress audit verify october.ndjson november.ndjson" in capsys.readouterr().out
