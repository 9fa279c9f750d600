"""Mail that commits with what caused it, and is sent afterwards."""

import hashlib
import logging
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from prometheus_client import Counter
from sqlalchemy.ext.asyncio import AsyncSession

from shared.jobs import Handler, enqueue
from shared.mail.base import Letter, Mailer, MailRefused, letter_of
from shared.mail.settings import MailSettings
from shared.mail.write import write
from shared.sealed import Seal

QUEUE = "mail"
# A statement above 16 KB pins its session at RDS Proxy.
LARGEST = 12_000

SENT = Counter("fortress_mail_total", "Letters by what became of them", ["outcome"])

log = logging.getLogger(__name__)


class Post:
    """Writes letters into the queue, and sends what is in it.

    `templates`: folders of an app's own letters.
    """

    def __init__(self, settings: MailSettings, *templates: Path) -> None:
        self._seal = Seal.of(settings, "mail")
        self._host = settings.sender.rpartition("@")[2]
        self._templates: Sequence[Path] = templates

    async def put(
        self,
        session: AsyncSession,
        template: str,
        to: str,
        *,
        key: str,
        now: datetime,
        **values: Any,
    ) -> None:
        """Write a letter in the caller's transaction; wake the queue `mail` after the commit.

        `key` names its cause, as in `reset mtk_01J…`: one cause, one letter, whoever asks twice. It
        is stored in the open. Raises `BadLetter`, `jinja2.TemplateError`.
        """
        subject, text, html = write(template, values, *self._templates)
        letter = Letter(to, subject, text, html, self._message_id(key), now)
        sealed = self._seal.close(letter.values(), label=key)
        if len(sealed) > LARGEST:
            raise ValueError(f"the letter {template} is too long to be stored")
        await enqueue(session, QUEUE, key, {"key": key, "sealed": sealed}, now=now)

    def sender(self, mailer: Mailer) -> Handler:
        """The worker's handler. It sends before it writes: a letter may come twice, with the same
        Message-ID, but is never lost. One that is refused for good is logged and done.
        """

        async def send(_session: AsyncSession, payload: dict[str, Any]) -> None:
            letter = letter_of(self._seal.open(payload["sealed"], label=payload["key"]))
            try:
                await mailer.send(letter)
            except MailRefused as error:
                SENT.labels("refused").inc()
                log.warning("letter %s is not sent: %s", letter.message_id, error.detail)
            else:
                SENT.labels("sent").inc()

        return send

    def is_current(self, payload: dict[str, Any]) -> bool:
        """Whether a letter in the queue is sealed with the present key."""
        return self._seal.is_current(payload["sealed"])

    def _message_id(self, key: str) -> str:
        return f"<{hashlib.sha256(key.encode()).hexdigest()[:40]}@{self._host}>"
