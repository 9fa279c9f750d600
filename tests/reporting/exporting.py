"""Exports, as a key of a new organisation gets them."""

import csv
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from apps.reporting.main import create_app
from apps.reporting.settings import ReportingSettings
from shared.web.services import Services
from tests.support.builders import Tenant, make_tenant
from tests.support.http import client

T0 = 1_763_740_800_000


@asynccontextmanager
async def signed_in(
    services: Services, *, scopes: list[str] | None = None, **settings: Any
) -> AsyncIterator[tuple[httpx.AsyncClient, Tenant]]:
    """A client with the key of a new organisation; `settings` are reporting's own."""
    tenant = await make_tenant(services.database, scopes=scopes)
    chosen = services.settings_as(ReportingSettings).model_copy(update=settings)
    async with client(create_app(chosen, services), "reporting") as http:
        http.headers.update(tenant.headers)
        yield http, tenant


async def export(
    http: httpx.AsyncClient, what: str = "readings", **query: Any
) -> list[dict[str, str]]:
    """The rows of an export, by column."""
    answer = await http.get(f"/v1/exports/{what}.csv", params=query)
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


def body(**values: Any) -> str:
    return json.dumps(values)
