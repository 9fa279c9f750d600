"""Billing and loyalty have something to show."""

from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from apps.billing.main import create_app as billing
from apps.local import sample, secrets
from apps.local.sample import MEMBERS
from apps.local.secrets import Secrets
from apps.loyalty.main import create_app as loyalty
from shared.web.services import Services
from tests.support.builders import make_tenant
from tests.support.http import client

Apps = dict[str, FastAPI]


@pytest.fixture
def apps(services: Services) -> Apps:
    return {"billing": billing(services=services), "loyalty": loyalty(services=services)}


@pytest.fixture
async def file(services: Services, tmp_path: Path) -> Path:
    tenant = await make_tenant(services.database)
    secrets.write(tmp_path / "demo.json", Secrets(tenant.public_id, tenant.key))
    return tmp_path / "demo.json"


async def listed(apps: Apps, file: Path, app: str, path: str) -> list[dict[str, Any]]:
    headers = {"Authorization": f"Bearer {secrets.read(file).key}"}
    async with client(apps[app]) as http:
        items: list[dict[str, Any]] = (await http.get(path, headers=headers)).json()["items"]
        return items


async def test_there_are_a_meter_a_programme_a_rule_and_members(apps: Apps, file: Path) -> None:
    await sample.make_once(apps, "fortress.localhost", file)
    [meter] = await listed(apps, file, "billing", "/v1/meters")
    [rule] = await listed(apps, file, "loyalty", "/v1/rules")
    [programme] = await listed(apps, file, "loyalty", "/v1/programmes")
    members = await listed(apps, file, "loyalty", "/v1/members?limit=1000")
    assert meter["code"] == "energy"
    assert rule["programme"] == programme["id"]
    assert len(members) == MEMBERS


async def test_it_is_made_once(apps: Apps, file: Path) -> None:
    await sample.make_once(apps, "fortress.localhost", file)
    await sample.make_once(apps, "fortress.localhost", file)
    assert len(await listed(apps, file, "billing", "/v1/meters")) == 1


async def test_a_start_that_was_cut_short_goes_on(apps: Apps, file: Path) -> None:
    await sample.make_once(apps, "fortress.localhost", file)
    kept = secrets.read(file)
    kept.sample = False
    secrets.write(file, kept)
    await sample.make_once(apps, "fortress.localhost", file)
    assert secrets.read(file).sample
    assert len(await listed(apps, file, "loyalty", "/v1/programmes")) == 1


async def test_what_is_refused_stops_nothing(
    apps: Apps, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    secrets.write(file, Secrets(key="fk_wrong"))
    await sample.make_once(apps, "fortress.localhost", file)
    assert "without a sample" in caplog.text
    assert not secrets.read(file).sample
