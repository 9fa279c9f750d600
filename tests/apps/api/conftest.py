"""The API in process, and an organisation of the test's own."""

from collections.abc import AsyncIterator

import httpx
import pytest

from shared.db import Database
from shared.web.services import Services
from tests.support.browsing import make_apps
from tests.support.builders import Tenant, make_tenant
from tests.support.http import client


@pytest.fixture
async def tenant(database: Database) -> Tenant:
    return await make_tenant(database)


@pytest.fixture
async def other(database: Database) -> Tenant:
    """Another organisation."""
    return await make_tenant(database)


@pytest.fixture
async def anonymous(services: Services) -> AsyncIterator[httpx.AsyncClient]:
    """A client without a key."""
    async with client(make_apps(services, "api")["api"], "api") as http:
        yield http


@pytest.fixture
async def api(anonymous: httpx.AsyncClient, tenant: Tenant) -> httpx.AsyncClient:
    """A client with a key of `tenant` that may do everything."""
    anonymous.headers.update(tenant.headers)
    return anonymous
