"""Mail to a server, by SMTP."""

import asyncio
import ssl

import aiosmtplib

from shared.mail.base import Letter, MailRefused, MailUnavailable
from shared.telemetry.clean import clean

# Below a job's lease, the connection and every step of it together.
TIMEOUT_S = 20.0


class SmtpMailer:
    """A connection a letter: mail is rare, and a server that went away is not noticed late.

    `tls_first`: TLS from the first byte, else by STARTTLS. Without TLS nothing is sent, unless
    `plain_is_fine` and the server offers none; a password never goes out in the open. The server's
    certificate is verified; `tls` is for a store of one's own.
    """

    def __init__(
        self,
        sender: str,
        *,
        host: str,
        port: int,
        login: tuple[str, str] | None = None,
        tls_first: bool = False,
        plain_is_fine: bool = False,
        tls: ssl.SSLContext | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self._sender = sender
        self._host = host
        self._port = port
        self._login = login
        self._tls_first = tls_first
        # STARTTLS: must (True), or where the server offers it (None).
        self._start_tls = False if tls_first else (None if plain_is_fine and not login else True)
        self._tls = tls
        self._timeout_s = timeout_s

    async def send(self, letter: Letter) -> None:
        user, password = self._login or (None, None)
        try:
            async with asyncio.timeout(self._timeout_s):
                await aiosmtplib.send(
                    letter.mime(self._sender),
                    sender=self._sender,
                    recipients=[letter.to],
                    hostname=self._host,
                    port=self._port,
                    username=user,
                    password=password,
                    use_tls=self._tls_first,
                    start_tls=self._start_tls,
                    tls_context=self._tls,
                    # Of a single step; all of them together have no more.
                    timeout=self._timeout_s,
                    # Otherwise it asks the name service for it, and waits.
                    local_hostname=self._sender.rpartition("@")[2],
                )
        except aiosmtplib.SMTPResponseException as error:
            raise _refusal(error.code, error.message) from error
        except aiosmtplib.SMTPRecipientsRefused as error:
            first = error.recipients[0]
            raise _refusal(first.code, first.message) from error
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            raise MailUnavailable(f"the mail server cannot be used: {clean(str(error))}") from error

    async def close(self) -> None:
        """Nothing is held open."""


def _refusal(code: int, message: str) -> MailRefused | MailUnavailable:
    said = f"the mail server said {code} {clean(message)}"
    # A failed sign-in (535) is ours to mend, not the letter's end.
    lasting = 500 <= code < 600 and code not in (530, 534, 535, 538)
    return MailRefused(said) if lasting else MailUnavailable(said)
