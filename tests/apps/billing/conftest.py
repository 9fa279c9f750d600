from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from apps.billing.metering.service import BACKFILL, EVENTS, Metering
from shared.jobs.worker import Handler
from shared.web.services import Services
from tests.support.as_users import as_user
from tests.support.browsing import make_apps
from tests.support.builders import make_tenant
from tests.support.events import drain
from tests.support.http import Caller, idle_client

SUM = {"kind": "event_sum", "event": "session.completed", "field": "kwh", "unit": "kWh"}


def handlers(services: Services, chunk: int = 1_000) -> dict[str, Handler]:
    metering = Metering(services.clock, chunk)
    return {EVENTS: metering.count, BACKFILL: metering.backfill}


@dataclass(frozen=True)
class Billing(Caller):
    """Billing's API as one organisation sees it; its jobs are worked when a test says so."""

    services: Services

    async def meter(self, code: str = "energy", **fields: Any) -> Any:
        return await self.post("/v1/meters", {"code": code, **SUM, **fields})

    async def values(self, **query: Any) -> list[tuple[str | None, str | None, str]]:
        """(period, uid, value) of every item of all pages."""
        found = []
        cursor: dict[str, Any] = {}
        while True:
            page = await self.get("/v1/usage", **query, **cursor)
            found += [(item["period"], item["uid"], item["value"]) for item in page["items"]]
            if page["next"] is None:
                return found
            cursor = {"cursor": page["next"]}

    async def work(self, chunk: int = 1_000) -> int:
        return await drain(
            as_user(self.services, "billing").database, self.tenant, handlers(self.services, chunk)
        )


@pytest.fixture
async def billing(services: Services) -> AsyncIterator[Billing]:
    async with idle_client(make_apps(services, "billing")["billing"], "billing") as http:
        yield Billing(http, await make_tenant(services.database), services)
