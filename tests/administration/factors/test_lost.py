"""Word of codes that the command line took away becomes a letter."""

from datetime import UTC, datetime

from sqlalchemy import update

from apps.administration.factors.lost import tell
from shared.auth.lost import Lost, word_of
from shared.ids import new_id
from shared.models import Person
from tests.administration.factors.conftest import Desk

AT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


async def told(desk: Desk, times: int = 1) -> list[str]:
    """The letters, after the worker came by word of this person's codes some times."""
    word = Lost(new_id("ltr"), desk.person.id, AT)
    for _ in range(times):
        async with desk.own.database.unit_of_work() as session:
            await tell(session, desk.app.state.post, word, desk.clock.now())
    return await desk.letters()


async def test_one_letter_says_when_however_often_the_worker_comes_by(desk: Desk) -> None:
    (text,) = await told(desk, times=2)
    assert "2026-03-01 09:30 UTC" in text
    assert "reset your password" in text


async def test_who_was_erased_meanwhile_is_not_written_to(desk: Desk) -> None:
    mine = update(Person).where(Person.id == desk.person.id)
    async with desk.services.database.unit_of_work() as session:
        await session.execute(mine.values(erased_at=AT))
    assert await told(desk) == []


def test_other_jobs_of_the_queue_are_no_word_of_it() -> None:
    assert word_of({"key": "k", "sealed": "…"}) is None
