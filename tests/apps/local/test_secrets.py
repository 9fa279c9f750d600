"""The file that keeps what the database only has hashes of."""

from pathlib import Path

import pytest

from apps.local.secrets import Secrets, read, write


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    secrets = Secrets("org_1", "fk_1", {"a": "dt_1"})
    write(tmp_path / "below" / "demo.json", secrets)
    assert read(tmp_path / "below" / "demo.json") == secrets


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    file = tmp_path / "demo.json"
    file.write_text("{}")
    file.chmod(0o644)
    write(file, Secrets())
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"[1]", b"null", b'{"key": 1}', b"\xff\xfe"])
def test_a_file_that_is_something_else_counts_as_empty(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "demo.json"
    file.write_bytes(content)
    assert read(file) == Secrets()


def test_a_missing_file_counts_as_empty(tmp_path: Path) -> None:
    assert read(tmp_path / "demo.json") == Secrets()
