"""An app a host name, in one server."""

import httpx
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from apps.local.hosts import Hosts


def saying(text: str) -> ASGIApp:
    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": text.encode()})

    return app


@pytest.fixture
def http() -> httpx.AsyncClient:
    hosts = Hosts({"api.example.com": saying("api"), "billing.example.com": saying("billing")})
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=hosts), base_url="http://127.0.0.1")


@pytest.mark.parametrize(
    ("host", "answer"),
    [
        ("api.example.com", "api"),
        ("billing.example.com", "billing"),
        ("api.example.com:8000", "api"),
        ("API.Example.COM", "api"),
        ("api.example.com.", "api"),
        ("api.example.com.:8000", "api"),
    ],
)
async def test_a_host_reaches_its_app(http: httpx.AsyncClient, host: str, answer: str) -> None:
    got = await http.get("/v1/anything", headers={"Host": host})
    assert (got.status_code, got.text) == (200, answer)


@pytest.mark.parametrize(
    "host",
    [
        "example.com",
        "evil.com",
        "api.example.com.evil.com",
        "xapi.example.com",
        "api.example.com:x",
        "127.0.0.1",
        "[::1]:8000",
        "",
        ":8000",
    ],
)
async def test_an_unknown_host_reaches_no_app(http: httpx.AsyncClient, host: str) -> None:
    got = await http.get("/v1/anything", headers={"Host": host})
    assert (got.status_code, got.json()["code"]) == (404, "no_such_host")
    assert got.headers["content-type"] == "application/problem+json"
    assert got.json()["detail"].endswith("there are api.example.com, billing.example.com")


async def test_two_hosts_are_none(http: httpx.AsyncClient) -> None:
    headers = [("Host", "api.example.com"), ("Host", "billing.example.com")]
    got = await http.get("/", headers=headers)
    assert got.status_code == 404


async def test_health_answers_whatever_the_host(http: httpx.AsyncClient) -> None:
    got = await http.get("/healthz", headers={"Host": "10.0.0.7"})
    assert (got.status_code, got.json()) == (200, {"status": "ok"})


async def test_a_head_request_gets_no_body(http: httpx.AsyncClient) -> None:
    got = await http.head("/", headers={"Host": "nowhere"})
    assert (got.status_code, got.content) == (404, b"")
    assert int(got.headers["content-length"]) > 0
