"""Replaying dead letters: the same write path again, under today's profile."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from apps.api.dead_letters import repository
from apps.api.dead_letters.errors import NoSuchDeadLetter
from apps.api.dead_letters.schemas import ReplayedLetter
from shared.auth import audit
from shared.auth.principal import Sight
from shared.models import DeadLetter
from shared.readings import sources
from shared.readings.parcel import Source
from shared.readings.plan import Taken
from shared.readings.submit import Item, Outcome, submit
from shared.web.changes import Change

GONE = Outcome("rejected", code="unknown_device", detail="the device is disabled or deleted")


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of letters, in their order, and what was stored."""

    items: list[ReplayedLetter]
    taken: list[Taken]

    def count(self, status: str) -> int:
        return sum(item.status == status for item in self.items)


async def get(session: AsyncSession, sight: Sight, public_id: str) -> DeadLetter:
    """A letter of a device that is seen. Raises `NoSuchDeadLetter`."""
    letter = await repository.find(session, sight, public_id)
    if letter is None:
        raise NoSuchDeadLetter
    return letter


async def replay(
    session: AsyncSession, change: Change, task: str, letters: Sequence[DeadLetter]
) -> Replayed:
    """Send letters through the write path again; those that are stored now are marked."""
    now = change.now
    org_id = change.origin.org_id
    known = await _sources(session, org_id, letters)
    able = [letter for letter in letters if letter.device_id in known]
    items = [
        Item(known[one.device_id], one.raw, boot=one.boot, received=one.received_ts) for one in able
    ]
    submitted = await submit(session, items, task=task, clock=change.clock, keep_rejected=False)
    became = dict(zip((one.id for one in able), submitted.outcomes, strict=True))
    outcomes = [(letter, became.get(letter.id, GONE)) for letter in letters]
    done = [letter.id for letter, outcome in outcomes if outcome.status != "rejected"]
    if done:
        await repository.mark_replayed(session, org_id, done, change.clock.now_ms())
    await audit.record_all(
        session,
        change.origin,
        "dead_letter.replay",
        {letter.public_id: {"status": outcome.status} for letter, outcome in outcomes},
        at=now,
    )
    return Replayed([_shown(*pair) for pair in outcomes], submitted.taken)


async def _sources(
    session: AsyncSession, org_id: int, letters: Sequence[DeadLetter]
) -> dict[int, Source]:
    numbers = sorted({letter.device_id for letter in letters})
    found = [await sources.by_number(session, org_id, number) for number in numbers]
    return {source.device_id: source for source in found if source is not None}


def _shown(letter: DeadLetter, outcome: Outcome) -> ReplayedLetter:
    return ReplayedLetter(
        id=letter.public_id, status=outcome.status, code=outcome.code, detail=outcome.detail
    )
