from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from apps.loyalty.awarding.service import BACKFILL, CLAIMS, EVENTS, Awarding
from shared.jobs.worker import Handler
from shared.web.services import Services
from tests.support.as_users import as_user
from tests.support.browsing import make_apps
from tests.support.builders import MadeDevice, make_device, make_tenant
from tests.support.events import Sent, commit_events, drain
from tests.support.http import Caller, idle_client
from tests.support.ledger import assert_ledger_balances

RULE = {
    "event": "session.completed",
    "field": "kwh",
    "member_field": "member",
    "points_per_unit": "10",
    "rounding": "down",
}


def handlers(services: Services, chunk: int = 500) -> dict[str, Handler]:
    awarding = Awarding(services.clock, chunk)
    return {EVENTS: awarding.award, BACKFILL: awarding.backfill, CLAIMS: awarding.claim}


@dataclass(frozen=True)
class Loyalty(Caller):
    """Loyalty's API as one organisation sees it; its jobs are worked when a test says so."""

    services: Services
    programme: str
    device: MadeDevice

    async def rule(self, **fields: Any) -> str:
        made = await self.post("/v1/rules", RULE | {"programme": self.programme} | fields)
        return str(made["id"])

    async def member(self, *tags: str, programme: str | None = None) -> str:
        body = {"programme": programme or self.programme, "tags": tags}
        return str((await self.post("/v1/members", body))["id"])

    async def points(self, member: str) -> int:
        return int((await self.get(f"/v1/members/{member}/balance"))["points"])

    async def entries(self, member: str) -> list[Any]:
        return list((await self.get(f"/v1/members/{member}/entries", limit=1000))["items"])

    def session(self, seq: int = 1, *, tag: str = "TAG-9", kwh: Any = "1.5", ts: int = 0) -> Sent:
        """A charging session that the device saw."""
        return Sent(self.device, ts or 1_763_740_800_000, {"member": tag, "kwh": kwh}, seq=seq)

    async def commit(self, *sent: Sent, jobs: int = 1) -> None:
        await commit_events(self.services.database, self.tenant, sent, jobs=jobs)

    async def work(self, chunk: int = 500) -> int:
        worked = await drain(
            as_user(self.services, "loyalty").database, self.tenant, handlers(self.services, chunk)
        )
        await assert_ledger_balances(self.services.database, self.tenant)
        return worked


@pytest.fixture
async def loyalty(services: Services) -> AsyncIterator[Loyalty]:
    tenant = await make_tenant(services.database)
    device = await make_device(services.database, tenant)
    async with idle_client(make_apps(services, "loyalty")["loyalty"], "loyalty") as http:
        made = await Caller(http, tenant).post("/v1/programmes", {"name": "Charge & Collect"})
        yield Loyalty(http, tenant, services, made["id"], device)
        await assert_ledger_balances(services.database, tenant)
