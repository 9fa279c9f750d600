import pytest

from apps.api.main import create_app
from shared.db import Database
from shared.settings import Settings
from shared.web.services import Services
from tests.support.builders import make_device, make_tenant
from tests.support.contract import check_contract
from tests.support.databases import on_mariadb


# Some 800 requests, each with a database behind it.
@pytest.mark.timeout(900)
@on_mariadb
async def test_the_api_keeps_its_word(
    settings: Settings, services: Services, database: Database
) -> None:
    tenant = await make_tenant(database)
    await make_device(database, tenant)
    await check_contract(create_app(settings, services), tenant.headers)
