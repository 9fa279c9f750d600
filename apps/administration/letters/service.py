"""Reading the folder that mail is written into."""

import re
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parsedate_to_datetime
from pathlib import Path

from apps.administration.letters.errors import NoSuchLetter
from shared.mail.folder import letters

SHOWN = 100
_NAME = re.compile(r"[0-9]{13}-[0-9a-f]{16}\.eml")


@dataclass(frozen=True, slots=True)
class Shown:
    """A letter as it is shown. `name` is that of its file."""

    name: str
    to: str
    subject: str
    at: datetime
    text: str


def newest(folder: Path) -> list[Shown]:
    """Up to `SHOWN` letters, newest first."""
    return [_read(path) for path in letters(folder)[:SHOWN]]


def get(folder: Path, name: str) -> Shown:
    """Raises `NoSuchLetter`."""
    path = folder / name
    if not _NAME.fullmatch(name) or not path.is_file():
        raise NoSuchLetter
    return _read(path)


def _read(path: Path) -> Shown:
    message = message_from_bytes(path.read_bytes(), EmailMessage, policy=SMTP)
    body = message.get_body(("plain",))
    return Shown(
        name=path.name,
        to=str(message["To"]),
        subject=str(message["Subject"]),
        at=parsedate_to_datetime(str(message["Date"])),
        text="" if body is None else str(body.get_content()),
    )
