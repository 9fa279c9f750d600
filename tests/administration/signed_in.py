"""What the tests of administration share."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from shared.web.services import Services
from tests.support.browsing import make_apps
from tests.support.builders import Tenant, make_tenant
from tests.support.http import idle_client

APP = "administration"


@asynccontextmanager
async def signed_in(
    services: Services, *, scopes: list[str] | None = None
) -> AsyncIterator[tuple[httpx.AsyncClient, Tenant]]:
    """A client with the key of a new organisation."""
    tenant = await make_tenant(services.database, scopes=scopes)
    async with idle_client(make_apps(services, APP)[APP], APP) as http:
        http.headers.update(tenant.headers)
        yield http, tenant
