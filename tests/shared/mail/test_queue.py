"""Mail commits with its cause, is sent at least once, and is the same letter every time."""

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

import pytest
from jinja2 import UndefinedError
from sqlalchemy import delete, select

from shared.clock import ManualClock
from shared.ids import new_id
from shared.jobs import Worker, wake
from shared.mail.base import BadLetter, Letter, MailRefused, MailUnavailable
from shared.mail.connect import connect_mailer
from shared.mail.folder import letters
from shared.mail.queue import QUEUE, Post
from shared.mail.settings import MailSettings
from shared.models import Job
from shared.web.services import Services

LINK = {
    "title": "Reset",
    "text": "Somebody asked.",
    "link": "https://administration.example.com/reset?token=SECRET",
    "button": "Go",
    "otherwise": "Do nothing.",
}


class Failing:
    """A mailer whose first sendings fail, one of them after the letter went out."""

    def __init__(self, *errors: Exception) -> None:
        self.sent: list[Letter] = []
        self._errors = list(errors)

    async def send(self, letter: Letter) -> None:
        self.sent.append(letter)
        if self._errors:
            raise self._errors.pop(0)

    async def close(self) -> None:
        """Nothing is held open."""


@pytest.fixture
def mail(tmp_path: Path) -> MailSettings:
    return MailSettings(mail_url=f"folder://{tmp_path}/mail", domain="example.com")


@pytest.fixture
async def clock(services: Services) -> ManualClock:
    # The worker would take what other tests left, too.
    async with services.database.unit_of_work() as session:
        await session.execute(delete(Job).where(Job.queue == QUEUE))
    return ManualClock(services.clock.now_ms())


async def put(services: Services, post: Post, key: str, clock: ManualClock, **values: Any) -> None:
    async with services.database.unit_of_work() as session:
        await post.put(
            session, "link", "ann@example.com", key=key, now=clock.now(), **{**LINK, **values}
        )


async def job(services: Services, key: str) -> Job | None:
    async with services.database.read() as session:
        found: Job | None = await session.scalar(
            select(Job).where(Job.queue == QUEUE, Job.key == key)
        )
        return found


async def work(services: Services, post: Post, mailer: Any, clock: ManualClock) -> None:
    worker = Worker(services.database, services.bus, QUEUE, post.sender(mailer), clock=clock)
    while await worker.work_once():
        pass


async def test_a_letter_goes_out_once_it_is_committed(
    services: Services, mail: MailSettings, clock: ManualClock, tmp_path: Path
) -> None:
    post, key = Post(mail), new_id("key")
    await put(services, post, key, clock)
    await wake(services.bus, QUEUE)
    await work(services, post, connect_mailer(mail), clock)
    messages = [
        message_from_bytes(path.read_bytes(), EmailMessage, policy=SMTP)
        for path in letters(tmp_path / "mail")
    ]
    assert [message["Subject"] for message in messages] == ["Reset"]
    assert messages[0]["From"] == "Fortress <no-reply@example.com>"


async def test_what_is_rolled_back_sends_nothing(
    services: Services, mail: MailSettings, clock: ManualClock
) -> None:
    key = new_id("key")
    async with services.database.unit_of_work() as session:
        await Post(mail).put(session, "link", "ann@example.com", key=key, now=clock.now(), **LINK)
        await session.rollback()
    assert await job(services, key) is None


async def test_one_cause_is_one_letter(
    services: Services, mail: MailSettings, clock: ManualClock
) -> None:
    post, key, mailer = Post(mail), new_id("key"), Failing()
    await put(services, post, key, clock)
    await put(services, post, key, clock, title="Again")
    await work(services, post, mailer, clock)
    await put(services, post, key, clock)
    await work(services, post, mailer, clock)
    assert [letter.subject for letter in mailer.sent] == ["Reset"]


async def test_sent_again_it_is_the_same_letter(
    services: Services, mail: MailSettings, clock: ManualClock
) -> None:
    post, key = Post(mail), new_id("key")
    mailer = Failing(MailUnavailable("gone"), RuntimeError("sent, and then the process ended"))
    await put(services, post, key, clock)
    for _ in range(3):
        await work(services, post, mailer, clock)
        clock.advance(seconds=60)
    first, *others = mailer.sent
    assert others == [first, first]
    ended = await job(services, key)
    assert ended is not None
    # Nor does it keep the letter.
    assert (ended.status, ended.payload) == ("done", {})


async def test_a_letter_that_is_refused_for_good_is_not_sent_again(
    services: Services, mail: MailSettings, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    post, key, mailer = Post(mail), new_id("key"), Failing(MailRefused("550 no such mailbox"))
    await put(services, post, key, clock)
    await work(services, post, mailer, clock)
    ended = await job(services, key)
    assert ended is not None
    assert ended.status == "done"
    assert "550 no such mailbox" in caplog.text
    assert "SECRET" not in caplog.text


async def test_nobody_reads_a_letter_in_the_database(
    services: Services, mail: MailSettings, clock: ManualClock
) -> None:
    key = new_id("key")
    await put(services, Post(mail), key, clock)
    row = await job(services, key)
    assert row is not None
    assert "SECRET" not in str(row.payload)
    assert "ann" not in str(row.payload)
    # Below what pins a session at RDS Proxy.
    assert len(str(row.payload)) < 4_000


async def test_what_cannot_be_written_fails_where_it_is_caused(
    services: Services, mail: MailSettings, clock: ManualClock
) -> None:
    post = Post(mail)
    async with services.database.unit_of_work() as session:
        with pytest.raises(UndefinedError):
            await post.put(session, "link", "ann@example.com", key="k", now=clock.now())
        with pytest.raises(BadLetter):
            await post.put(session, "link", "ann@x\r\nBcc: y", key="k", now=clock.now(), **LINK)
        long = LINK | {"text": "".join(map(chr, range(0x4E00, 0x9000)))}
        with pytest.raises(ValueError, match="too long"):
            await post.put(session, "link", "ann@example.com", key="k", now=clock.now(), **long)
