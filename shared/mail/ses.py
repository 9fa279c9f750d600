"""Mail through Amazon SES, by its API v2, with boto3 in a thread."""

import asyncio
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from shared.mail.base import Letter, MailRefused, MailUnavailable
from shared.telemetry.clean import clean

CONFIG = Config(connect_timeout=5, read_timeout=10, retries={"max_attempts": 2, "mode": "standard"})
# SES will not take this letter, however often it is asked.
LASTING = ("MessageRejected", "BadRequestException", "MailFromDomainNotVerifiedException")


class SesMailer:
    """The address in `sender`, or its domain, is verified in SES. boto3 finds credentials and
    endpoint its usual way.

    SES puts a Message-ID and a Date of its own over ours (its guide, *Amazon SES header fields*): a
    letter that is sent twice is shown twice.
    """

    def __init__(self, sender: str, *, region: str, endpoint: str | None = None) -> None:
        self._sender = sender
        self._region = region
        self._endpoint = endpoint
        self._making = asyncio.Lock()
        self._made: Any = None

    async def send(self, letter: Letter) -> None:
        raw = letter.mime(self._sender).as_bytes()
        try:
            client = await self._client()
            await asyncio.to_thread(
                client.send_email,
                FromEmailAddress=self._sender,
                Destination={"ToAddresses": [letter.to]},
                Content={"Raw": {"Data": raw}},
            )
        except ClientError as error:
            said = f"SES refused: {clean(str(error))}"
            if error.response.get("Error", {}).get("Code") in LASTING:
                raise MailRefused(said) from error
            raise MailUnavailable(said) from error
        except (BotoCoreError, OSError) as error:
            raise MailUnavailable(f"SES cannot be reached: {clean(str(error))}") from error

    async def close(self) -> None:
        if self._made is not None:
            self._made.close()

    async def _client(self) -> Any:
        """The client; making it reads files and takes a moment, so it is made in a thread."""
        async with self._making:
            if self._made is None:
                self._made = await asyncio.to_thread(
                    lambda: boto3.session.Session().client(
                        "sesv2",
                        region_name=self._region,
                        endpoint_url=self._endpoint,
                        config=CONFIG,
                    )
                )
            return self._made
