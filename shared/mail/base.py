"""What a letter is, and what every way of sending one does."""

import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any, Protocol

from shared.errors import DomainError, Unavailable

LONGEST_ADDRESS = 254
LONGEST_SUBJECT = 200
# Seven bits: there are servers that take no others.
POLICY = SMTP.clone(cte_type="7bit")
# What mail servers everywhere take: no quotes, no comments, no brackets; a host name with letters
# of ASCII. A name in another script is written in its ASCII form (xn--…).
_ADDRESS = re.compile(
    r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])",
    re.IGNORECASE,
)
_MESSAGE_ID = re.compile(r"<[a-z0-9.-]+@[a-z0-9.-]+>")


class BadLetter(ValueError):
    """What would not be the letter that was meant: a header in a header, no address."""


class MailRefused(DomainError):
    """The mail server will not take this letter, now or later."""

    code = "mail_refused"
    status = 502
    title = "The mail server refused a letter"


class MailUnavailable(Unavailable):
    """The mail server cannot be reached, or says to come again."""

    code = "mail_unavailable"


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter to one person, as text and as HTML. Raises `BadLetter`.

    `message_id` is the same however often it is sent: mail programs show it once.
    """

    to: str
    subject: str
    text: str
    html: str
    message_id: str
    written: datetime

    def __post_init__(self) -> None:
        if not is_address(self.to):
            raise BadLetter("the recipient is not an address")
        if not self.subject.isprintable() or not 0 < len(self.subject) <= LONGEST_SUBJECT:
            raise BadLetter(f"a subject is 1 to {LONGEST_SUBJECT} printable characters")
        if not _MESSAGE_ID.fullmatch(self.message_id):
            raise BadLetter("not a Message-ID")

    def mime(self, sender: str) -> EmailMessage:
        """The letter as RFC 5322 has it, from `sender` (an address)."""
        message = EmailMessage(policy=POLICY)
        message["From"] = Address("Fortress", addr_spec=sender)
        message["To"] = Address(addr_spec=self.to)
        message["Subject"] = self.subject
        message["Date"] = self.written.astimezone(UTC)
        message["Message-ID"] = self.message_id
        # Nobody's holiday should answer it (RFC 3834).
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(self.text)
        message.add_alternative(self.html, subtype="html")
        # Otherwise every sending would draw another one.
        message.set_boundary(f"={self.message_id[1:33]}=")
        return message

    def values(self) -> dict[str, Any]:
        """What `letter_of` makes the letter of again."""
        return {**asdict(self), "written": self.written.isoformat()}


def letter_of(values: dict[str, Any]) -> Letter:
    """The letter of these values. Raises `BadLetter`."""
    return Letter(**{**values, "written": datetime.fromisoformat(values["written"])})


class Mailer(Protocol):
    async def send(self, letter: Letter) -> None:
        """Hand the letter over; it is on its way when this returns.

        Raises `MailRefused` where trying again cannot help, `MailUnavailable` where it may.
        """
        ...

    async def close(self) -> None: ...


def is_address(text: str) -> bool:
    """Whether mail can be sent to it: one plain address, nothing around it."""
    local = text.rpartition("@")[0]
    fits = len(text) <= LONGEST_ADDRESS and len(local) <= 64
    return fits and _ADDRESS.fullmatch(text) is not None
