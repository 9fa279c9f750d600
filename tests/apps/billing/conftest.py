from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from apps.billing.main import create_app
from apps.billing.metering.service import BACKFILL, EVENTS, Metering
from shared.jobs.worker import Handler
from shared.web.services import Services
from tests.support.builders import Tenant, make_tenant
from tests.support.events import drain

SUM = {"kind": "event_sum", "event": "session.completed", "field": "kwh", "unit": "kWh"}


def handlers(services: Services, chunk: int = 1_000) -> dict[str, Handler]:
    metering = Metering(services.clock, chunk)
    return {EVENTS: metering.count, BACKFILL: metering.backfill}


@dataclass(frozen=True)
class Billing:
    """Billing's API as one organisation sees it; its jobs are worked when a test says so."""

    http: httpx.AsyncClient
    tenant: Tenant
    services: Services

    async def get(self, path: str, *, expect: int = 200, **params: Any) -> Any:
        answer = await self.http.get(path, params=params, headers=self.tenant.headers)
        assert answer.status_code == expect, answer.text
        return answer.json()

    async def post(self, path: str, body: Any, expect: int = 201, **headers: str) -> Any:
        sent = self.tenant.headers | headers
        answer = await self.http.post(path, json=body, headers=sent)
        assert answer.status_code == expect, answer.text
        return answer.json()

    async def delete(self, path: str, expect: int = 204) -> None:
        answer = await self.http.delete(path, headers=self.tenant.headers)
        assert answer.status_code == expect, answer.text

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
        return await drain(self.services.database, self.tenant, handlers(self.services, chunk))


@pytest.fixture
async def billing(services: Services) -> AsyncIterator[Billing]:
    app = create_app(services=services)
    # The lifespan is not entered: no worker runs beside the test.
    http = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=http, base_url="http://billing.test") as calls:
        yield Billing(calls, await make_tenant(services.database), services)
