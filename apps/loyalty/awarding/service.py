"""Working the jobs that make points of events.

Each may run again, and the same event may be in several: an entry is unique by rule and event,
whoever gets it. Points of a tag that no member has are kept until one gets it. Which of rule,
member, tag and event comes first makes no difference in the end.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from sqlalchemy.ext.asyncio import AsyncSession

from apps.loyalty.awarding import metrics, repository
from apps.loyalty.earning import repository as earning_rules
from apps.loyalty.earning.rules import Earning, Rounding, Rule, earnings
from apps.loyalty.programmes import repository as programmes
from shared.clock import Clock
from shared.events import stored
from shared.events.event import Event, Key
from shared.ids import new_id
from shared.jobs import enqueue
from shared.models import EarningRule

EVENTS: Final = "loyalty.events"
BACKFILL: Final = "loyalty.backfill"
CLAIMS: Final = "loyalty.claims"
# Events or points that one job of a longer run looks at.
CHUNK: Final = 500


@dataclass(frozen=True, slots=True)
class Awarding:
    """The handlers of loyalty's queues."""

    clock: Clock
    chunk: int = CHUNK

    async def award(self, session: AsyncSession, payload: dict[str, Any]) -> None:
        """Points for events just committed: `{"org": id, "events": [identity, …]}`."""
        org_id: int = payload["org"]
        await programmes.share(session, org_id)
        rules = await earning_rules.active(session, org_id)
        if not rules:
            return
        keys: list[Key] = [(key[0], key[1], key[2], key[3]) for key in payload["events"]]
        await self._earn(session, org_id, await stored.load(session, org_id, keys), rules)

    async def backfill(self, session: AsyncSession, payload: dict[str, Any]) -> None:
        """Points for a chunk of the events from before a rule, and a job for the next chunk.

        `{"org": id, "rule": public id, "after": identity or null}`. Events that are committed
        meanwhile have jobs of their own, whose workers see the rule.
        """
        org_id: int = payload["org"]
        await programmes.share(session, org_id)
        rule = await earning_rules.find(session, org_id, payload["rule"])
        if rule is None or not rule.active:
            return
        after: Key | None = tuple(payload["after"]) if payload["after"] else None
        found = await stored.scan(session, org_id, rule.event, after, self.chunk)
        await self._earn(session, org_id, found, [rule])
        if len(found) < self.chunk:
            rule.backfilled_at = self.clock.now()
            await session.flush()
        else:
            await self._go_on(session, payload, found[-1].key)

    async def claim(self, session: AsyncSession, payload: dict[str, Any]) -> None:
        """Give what tags earned before they had a member to who has them now.

        `{"org": id, "programme": id, "tags": […]}`; runs until nothing is left of a chunk.
        """
        org_id: int = payload["org"]
        wanted = {(payload["programme"], tag) for tag in payload["tags"]}
        owners = await repository.owners(session, org_id, wanted)
        tags = [tag for _, tag in owners]
        if not tags:
            return
        found = await repository.unclaimed(session, org_id, payload["programme"], tags, self.chunk)
        owned = [(owners[one.programme_id, one.tag], one) for one in found]
        await repository.post(session, org_id, owned, self.clock.now())
        await repository.forget_unclaimed(session, org_id, found)
        if len(found) == self.chunk:
            await enqueue(session, CLAIMS, new_id("clm"), payload, now=self.clock.now())

    async def _earn(
        self,
        session: AsyncSession,
        org_id: int,
        events: Iterable[Event],
        rules: Sequence[EarningRule],
    ) -> None:
        earned, unusable = earnings(events, map(_rule, rules))
        for reason in unusable:
            metrics.UNUSABLE.labels(reason).inc()
        wanted = {(one.programme_id, one.tag) for one in earned}
        owners = await repository.owners(session, org_id, wanted)
        owned = [(owners[_place(one)], one) for one in earned if _place(one) in owners]
        await repository.post(session, org_id, owned, self.clock.now())
        ownerless = [one for one in earned if _place(one) not in owners]
        await repository.keep_unclaimed(session, org_id, ownerless)

    async def _go_on(self, session: AsyncSession, payload: dict[str, Any], after: Key) -> None:
        place = ":".join(map(str, after))
        await enqueue(
            session,
            BACKFILL,
            f"{payload['rule']}:{place}",
            {**payload, "after": list(after)},
            now=self.clock.now(),
        )


def _place(earning: Earning) -> tuple[int, str]:
    return earning.programme_id, earning.tag


def _rule(row: EarningRule) -> Rule:
    return Rule(
        id=row.id,
        source=repository.source_of(row.public_id),
        programme_id=row.programme_id,
        event=row.event,
        field=row.field,
        member_field=row.member_field,
        points_per_unit=row.points_per_unit,
        rounding=cast("Rounding", row.rounding),
        starts=row.starts_ts,
        ends=row.ends_ts,
    )
