"""A real mail server (aiosmtpd) in a process of its own: `python -m tests.support.smtp …`.

What it takes is written into a folder, a file a letter: the envelope's lines, an empty line, and
the letter's bytes as they came. Addresses that begin with `later` and `never` are refused.
"""

import argparse
import asyncio
import json
import ssl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP as POLICY
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.support import servers

REFUSALS = {"later": "451 come again", "never": "550 no such mailbox"}
LOGIN = ("user", "p@ss:w/or%d")


@dataclass(frozen=True)
class Taken:
    """What the server took."""

    sender: str
    recipients: list[str]
    secure: bool
    content: bytes

    @property
    def message(self) -> EmailMessage:
        return message_from_bytes(self.content, EmailMessage, policy=POLICY)


@dataclass(frozen=True)
class Server:
    port: int
    folder: Path

    def taken(self) -> list[Taken]:
        """Every letter in the order of its arrival."""
        found = []
        for path in sorted(self.folder.glob("*.taken")):
            head, _, content = path.read_bytes().partition(b"\n")
            found.append(Taken(**json.loads(head), content=content))
        return found


@contextmanager
def smtp_server(folder: Path, *options: str) -> Iterator[Server]:
    """A server on a free port. `options`: --cert, --key, --tls-first, --login."""
    port = servers.free_port()
    command = [sys.executable, "-m", "tests.support.smtp", str(port), str(folder), *options]
    with servers.process(command, folder / "log"):
        servers.wait_until(lambda: servers.answers(port), "the mail server")
        yield Server(port, folder)


class _Keep:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0

    async def handle_RCPT(  # noqa: N802 - the name is aiosmtpd's
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: Any
    ) -> str:
        for beginning, answer in REFUSALS.items():
            if address.startswith(beginning):
                return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - the name is aiosmtpd's
        self, _server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        head = {
            "sender": envelope.mail_from,
            "recipients": envelope.rcpt_tos,
            "secure": session.ssl is not None,
        }
        self._count += 1
        content = envelope.original_content or b""
        partial = self._folder / "partial"
        partial.write_bytes(json.dumps(head).encode() + b"\n" + content)
        partial.rename(self._folder / f"{self._count:06d}.taken")
        return "250 taken"


def _check(_server: SMTP, _session: Session, _envelope: Envelope, _how: str, data: Any) -> Any:
    given = isinstance(data, LoginPassword) and (data.login.decode(), data.password.decode())
    # Not handled: the answer is left to the server.
    return AuthResult(success=given == LOGIN, handled=False)


async def _serve(given: argparse.Namespace) -> None:
    tls = None
    if given.cert:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(given.cert, given.key)
    login: dict[str, Any] = {"authenticator": _check, "auth_required": True} if given.login else {}
    starts = None if given.tls_first else tls

    def make() -> SMTP:
        keep = _Keep(given.folder) if not kept else kept[0]
        kept[:] = [keep]
        return SMTP(
            keep,
            tls_context=starts,
            auth_require_tls=starts is not None,
            hostname="mail.example.com",
            **login,
        )

    kept: list[_Keep] = []
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        make, "127.0.0.1", given.port, ssl=tls if given.tls_first else None
    )
    async with server:
        await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cert")
    parser.add_argument("--key")
    parser.add_argument("--tls-first", action="store_true")
    parser.add_argument("--login", action="store_true")
    asyncio.run(_serve(parser.parse_args()))


if __name__ == "__main__":
    main()
