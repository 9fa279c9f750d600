from apps.administration.main import create_app
from shared.web.services import Services
from tests.administration.signed_in import signed_in
from tests.support.builders import make_tenant
from tests.support.contract import check_contract
from tests.support.databases import on_mariadb


async def test_it_is_alive_and_ready(services: Services) -> None:
    async with signed_in(services) as (http, _):
        assert (await http.get("/healthz")).status_code == 200
        assert (await http.get("/readyz")).status_code == 200


@on_mariadb
async def test_it_keeps_its_openapi_word(services: Services) -> None:
    tenant = await make_tenant(services.database)
    await check_contract(create_app(services=services), tenant.headers)
