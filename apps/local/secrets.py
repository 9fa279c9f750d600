"""The secrets of the demo, kept in one file that only its owner may read.

The database stores hashes; this file is what lets the second start show the same key.
"""

import os
from pathlib import Path

import msgspec


class Secrets(msgspec.Struct):
    """The demo's organisation, its API key, its person's password, its devices' tokens by uid.

    `sample`: that what is there to be seen was made.
    """

    organisation: str = ""
    key: str = ""
    tokens: dict[str, str] = msgspec.field(default_factory=dict)
    sample: bool = False
    password: str = ""
    password_since: str = ""


def read(file: Path) -> Secrets:
    """What `file` holds; empty when it is missing or is no longer what it was."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=Secrets)
    except (OSError, msgspec.DecodeError):
        return Secrets()


def write(file: Path, secrets: Secrets) -> None:
    """Put `secrets` in place of `file` at once, readable by its owner only (mode 0600)."""
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_suffix(".new")
    beside.unlink(missing_ok=True)
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as out:
        out.write(msgspec.json.encode(secrets) + b"\n")
        out.flush()
        os.fsync(out.fileno())
    beside.replace(file)
