"""Every answer of every app tells browsers what this site never does."""

import importlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from shared.settings import Environment, Settings
from shared.web.headers import security_headers
from shared.web.pages import static
from shared.web.returns import APPS
from shared.web.services import Services
from tests.support.http import idle_client

ALWAYS = {
    "content-security-policy",
    "referrer-policy",
    "permissions-policy",
    "x-content-type-options",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
}
HSTS = "strict-transport-security"
# Another site, a file or a frame without an origin, and an app beside.
ORIGINS = ["https://other.example", "null", "https://billing.example.com"]
# What leads to each kind of answer.
WAYS: dict[str, tuple[str, str, dict[str, Any], int]] = {
    "well": ("GET", "/healthz", {}, 200),
    "a file": ("GET", static.address("fortress.css"), {}, 200),
    "nothing there": ("GET", "/nothing", {}, 404),
    "another method": ("DELETE", "/healthz", {}, 405),
    "too large": ("POST", "/v1/x", {"Content-Length": "99999999999"}, 413),
    "large headers": ("GET", "/healthz", {"X": "x" * 40_000}, 431),
    "a long address": ("GET", f"/{'x' * 9_000}", {}, 414),
    "forged": ("POST", "/v1/x", {"Sec-Fetch-Site": "cross-site"}, 403),
    "head": ("HEAD", "/nothing", {}, 404),
}


@pytest.fixture(params=["development", "production"])
async def services(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Services]:
    monkeypatch.setenv("FORTRESS_MAIL_URL", "ses://eu-central-1")
    made = Services.from_settings(
        Settings(
            environment=Environment(request.param),
            domain="example.com",
            secret="s" * 40,
            database_url=f"sqlite+aiosqlite:///{tmp_path}/none.db",
        )
    )
    yield made
    await made.close()


@pytest.fixture(params=APPS)
def app(request: pytest.FixtureRequest, services: Services) -> FastAPI:
    made: FastAPI = importlib.import_module(f"apps.{request.param}.main").create_app(
        services=services
    )

    @made.get("/bug")
    async def bug() -> None:
        raise RuntimeError("a bug")

    return made


def check(answer: httpx.Response, services: Services) -> None:
    production = services.settings.environment is Environment.production
    expected = ALWAYS | ({HSTS} if production else set())
    assert expected <= set(answer.headers)
    assert (HSTS in answer.headers) == production
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert "unsafe" not in answer.headers["content-security-policy"]


@pytest.mark.parametrize("accept", ["*/*", "text/html"])
async def test_every_answer_has_them(app: FastAPI, services: Services, accept: str) -> None:
    async with idle_client(app) as http:
        for method, path, headers, status in WAYS.values():
            answer = await http.request(method, path, headers={"Accept": accept, **headers})
            assert answer.status_code == status, (path, answer.text)
            check(answer, services)
        bug = await http.get("/bug", headers={"Accept": accept})
        assert bug.status_code == 500
        check(bug, services)


@pytest.mark.parametrize("origin", ORIGINS)
async def test_no_script_of_another_origin_may_read_an_answer(app: FastAPI, origin: str) -> None:
    path = next(path for path in app.openapi()["paths"] if "{" not in path)
    ask = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x"}
    asked = [(method, there, headers) for method, there, headers, _ in WAYS.values()]
    asked += [("GET", path, {}), ("GET", "/bug", {}), ("OPTIONS", path, ask)]
    async with idle_client(app) as http:
        for method, there, headers in asked:
            answer = await http.request(method, there, headers={**headers, "Origin": origin})
            assert not [one for one in answer.headers if one.startswith("access-control-")], there


async def test_every_first_route_that_wants_a_key_has_them(
    app: FastAPI, services: Services
) -> None:
    path = next(path for path in app.openapi()["paths"] if "{" not in path)
    async with idle_client(app) as http:
        for accept in ("application/json", "text/html"):
            answer = await http.get(path, headers={"Accept": accept})
            assert answer.status_code in (401, 303, 405)
            check(answer, services)


def policy(environment: str, domain: str = "example.com") -> dict[str, str]:
    settings = Settings(
        environment=Environment(environment),
        domain=domain,
        secret="s" * 40,
    )
    text = dict(security_headers(settings))[b"content-security-policy"].decode()
    return {part.split()[0]: part.partition(" ")[2] for part in text.split("; ")}


def test_nothing_runs_that_does_not_come_from_the_app_itself() -> None:
    found = policy("production")
    assert found["default-src"] == "'none'"
    assert found["script-src"] == found["style-src"] == "'self'"
    assert found["object-src"] == found["base-uri"] == found["frame-ancestors"] == "'none'"


def test_a_form_leads_to_the_six_apps_alone() -> None:
    expected = " ".join(["'self'", *(f"https://{app}.example.com" for app in APPS)])
    assert policy("production")["form-action"] == expected


def test_hsts_holds_for_two_years_and_below_each_app() -> None:
    settings = Settings(environment=Environment.staging, secret="s" * 40)
    found = dict(security_headers(settings))[HSTS.encode()]
    assert found == b"max-age=63072000; includeSubDomains"
