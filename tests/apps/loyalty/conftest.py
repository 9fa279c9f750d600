from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from apps.loyalty.awarding.service import BACKFILL, CLAIMS, EVENTS, Awarding
from apps.loyalty.main import create_app
from shared.jobs.worker import Handler
from shared.web.services import Services
from tests.support.builders import MadeDevice, Tenant, make_device, make_tenant
from tests.support.events import Sent, commit_events, drain
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
class Loyalty:
    """Loyalty's API as one organisation sees it; its jobs are worked when a test says so."""

    http: httpx.AsyncClient
    tenant: Tenant
    services: Services
    programme: str
    device: MadeDevice

    async def get(self, path: str, *, expect: int = 200, **params: Any) -> Any:
        answer = await self.http.get(path, params=params, headers=self.tenant.headers)
        assert answer.status_code == expect, answer.text
        return answer.json()

    async def post(self, path: str, body: Any, *, expect: int = 201, **headers: str) -> Any:
        answer = await self.http.post(path, json=body, headers=self.tenant.headers | headers)
        assert answer.status_code == expect, answer.text
        return answer.json()

    async def delete(self, path: str, *, expect: int = 204) -> None:
        answer = await self.http.delete(path, headers=self.tenant.headers)
        assert answer.status_code == expect, answer.text

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
        worked = await drain(self.services.database, self.tenant, handlers(self.services, chunk))
        await assert_ledger_balances(self.services.database, self.tenant)
        return worked


@pytest.fixture
async def loyalty(services: Services) -> AsyncIterator[Loyalty]:
    app = create_app(services=services)
    tenant = await make_tenant(services.database)
    device = await make_device(services.database, tenant)
    # The lifespan is not entered: no worker runs beside the test.
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://loyalty.test") as http:
        body = {"name": "Charge & Collect"}
        made = await http.post("/v1/programmes", json=body, headers=tenant.headers)
        yield Loyalty(http, tenant, services, made.json()["id"], device)
        await assert_ledger_balances(services.database, tenant)
