import asyncio

import httpx
import pytest

from apps.reporting.exports import repository, rules
from apps.reporting.main import create_app
from apps.reporting.settings import ReportingSettings
from shared.web.services import Services
from tests.reporting.exporting import T0, body, signed_in
from tests.support.builders import MadeDevice, Tenant, make_device, make_tenant
from tests.support.http import served
from tests.support.telemetry import store_readings
from tests.support.until import until

READINGS = "/v1/exports/readings.csv"


async def _with_rows(services: Services, count: int, size: int = 1) -> tuple[Tenant, MadeDevice]:
    tenant = await make_tenant(services.database)
    device = await make_device(services.database, tenant)
    stored = body(a="x" * size)
    rows = [(T0 + n, 1, n, stored) for n in range(count)]
    await store_readings(services.database, device, rows)
    return tenant, device


async def test_a_failure_after_the_start_does_not_look_like_success(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant, _ = await _with_rows(services, 20)
    monkeypatch.setattr(rules, "FIRST_ROWS", 5)
    read = repository.readings
    calls = 0

    async def fails_the_second_time(*args: object) -> list[str]:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise RuntimeError("the database went away")
        return await read(*args)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(repository, "readings", fails_the_second_time)
    async with (
        served(create_app(services=services)) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=tenant.headers) as http,
    ):
        with pytest.raises(httpx.RemoteProtocolError):
            await http.get(READINGS, params={"metrics": "a"})
        whole = await http.get(READINGS, params={"metrics": "a"})
    assert whole.text.count("\r\n") == 21


async def test_a_failure_before_the_start_is_a_problem(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: object) -> list[str]:
        raise RuntimeError("the database went away")

    monkeypatch.setattr(repository, "following", fails)
    async with signed_in(services) as (http, _):
        answer = await http.get(READINGS)
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"


async def test_exports_at_once_are_bounded(services: Services) -> None:
    tenant, _ = await _with_rows(services, 2_000, 5_000)
    other = await make_tenant(services.database)
    third = await make_tenant(services.database)
    settings = services.settings_as(ReportingSettings)
    settings = settings.model_copy(update={"exports": 2, "exports_each": 1})
    app = create_app(settings, services)
    async with (
        served(app) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http,
    ):
        query = {"metrics": "a"}
        async with http.stream("GET", READINGS, params=query, headers=tenant.headers) as open_one:
            assert open_one.status_code == 200
            share = await http.get(READINGS, headers=tenant.headers)
            free = await http.get(READINGS, headers=other.headers)
            await until(lambda: app.state.export_slots.taken == 1, "the slot's return")
            with app.state.export_slots.take(0):
                full = await http.get(READINGS, headers=third.headers)
        await until(lambda: app.state.export_slots.taken == 0, "the slot's return")
        after = await http.get(READINGS, headers=tenant.headers)
    assert (share.status_code, full.status_code) == (429, 503)
    assert "retry-after" in share.headers
    assert "retry-after" in full.headers
    assert (free.status_code, after.status_code) == (200, 200)


async def test_a_reader_that_stands_still_is_cut_off_and_holds_no_connection(
    services: Services,
) -> None:
    tenant, _ = await _with_rows(services, 2_000, 5_000)
    settings = services.settings_as(ReportingSettings)
    app = create_app(settings.model_copy(update={"export_stall_s": 0.3}), services)
    async with served(app) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
        head = f"GET {READINGS}?metrics=a HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {tenant.key}"
        writer.write(f"{head}\r\n\r\n".encode())
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        await until(lambda: app.state.export_slots.taken == 0, "the reader's end")
        writer.close()
