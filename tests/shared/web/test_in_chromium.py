"""What only a browser can show: its cookies, its Sec-Fetch-Site, its reading of addresses."""

import html
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import uvicorn
from fastapi import APIRouter, Request, Response
from starlette.responses import HTMLResponse, RedirectResponse

from apps.local.hosts import Hosts
from shared.settings import Settings
from shared.web import cookies
from shared.web.app import create_web_app
from shared.web.forms import FormOf
from shared.web.pages.render import pages, show
from shared.web.returns import is_return_path
from shared.web.services import Services
from tests.shared.web.nasty import GOOD, NASTY
from tests.support.chromium import look
from tests.support.http import served

SEND = "document.forms[0].submit()"
router = APIRouter()


@router.get("/enter")
async def enter(to: str) -> Response:
    """Sets the session's cookie and goes on, without script."""
    response = HTMLResponse(f'<meta http-equiv="refresh" content="0;url={html.escape(to)}">')
    cookies.put(response, cookies.SESSION, "held")
    return response


@router.get("/send.js")
async def script() -> Response:
    return Response(SEND, media_type="text/javascript")


@router.get("/form")
async def form(request: Request, to: str, inline: bool = False) -> Response:
    """A form that a script sends: one from this host, or one in the page."""
    page = show(
        request,
        pages(),
        "form.html",
        title="Form",
        text="",
        action=to,
        fields=[],
        hidden={},
        button="Send",
        errors={},
        links=[],
    )
    sent = f"<script>{SEND}</script>" if inline else '<script src="/send.js"></script>'
    again = HTMLResponse(bytes(page.body).decode().replace("</body>", f"{sent}</body>"))
    again.raw_headers += [item for item in page.raw_headers if item[0] == b"set-cookie"]
    return again


@router.post("/take")
async def take(request: Request, fields: FormOf) -> str:
    assert fields
    return f"taken {request.headers.get('cookie')} {request.headers.get('sec-fetch-site')}"


@router.post("/leave")
async def leave(request: Request, fields: FormOf) -> Response:
    assert fields
    there = str(request.base_url).replace("administration", "billing")
    return RedirectResponse(f"{there}landed", 303)


@router.get("/landed")
async def landed(request: Request) -> str:
    return f"landed {request.url.hostname} {request.headers.get('cookie')}"


@pytest.fixture
async def port(tmp_path: Path) -> AsyncIterator[int]:
    settings = Settings(database_url=f"sqlite+aiosqlite:///{tmp_path}/none.db")
    services = Services.from_settings(settings)
    apps = {
        f"{name}.fortress.localhost": create_web_app(
            name=name, title=name, description="-", services=services, routers=[router]
        )
        for name in ("administration", "billing")
    }
    config = uvicorn.Config(Hosts(apps), port=0, lifespan="off", log_config=None)
    async with served(config) as found:
        yield found
    await services.close()


def at(app: str, port: int, path: str) -> str:
    return f"http://{app}.fortress.localhost:{port}{path}"


async def test_a_form_is_sent_with_a_host_cookie_over_plain_http(port: int, tmp_path: Path) -> None:
    url = at("administration", port, "/enter?to=/form?to=/take")
    assert "taken __Host-fortress=held same-origin" in await look(url, tmp_path / "profile")


async def test_a_siblings_form_is_refused(port: int, tmp_path: Path) -> None:
    there = at("administration", port, "/take")
    page = await look(at("billing", port, f"/form?to={there}"), tmp_path / "profile")
    assert "This was not sent from a page of this app" in page


async def test_a_form_may_lead_to_another_app_which_has_no_cookie_of_this_one(
    port: int, tmp_path: Path
) -> None:
    url = at("administration", port, "/enter?to=/form?to=/leave")
    page = await look(url, tmp_path / "profile")
    assert "landed billing.fortress.localhost None" in page


async def test_a_script_in_the_page_does_not_run(port: int, tmp_path: Path) -> None:
    url = at("administration", port, "/form?to=/take&inline=true")
    page = await look(url, tmp_path / "profile")
    assert "<h1>Form</h1>" in page
    assert "taken" not in page


async def test_it_reads_return_paths_as_they_were_judged(tmp_path: Path) -> None:
    candidates = [*NASTY, *GOOD]
    page = tmp_path / "page.html"
    page.write_text(
        '<meta charset="utf-8"><pre></pre><script>'
        f"const given = {json.dumps(candidates)}; const base = 'https://billing.example.com/x';"
        "const host = each => { try { return new URL(each, base).origin } catch { return '' } };"
        "document.querySelector('pre').textContent = JSON.stringify(given.map(host));</script>"
    )
    shown = await look(page.as_uri(), tmp_path / "profile")
    origins = json.loads(shown.partition("<pre>")[2].partition("</pre>")[0])
    assert "https://evil.example" in origins
    for each, origin in zip(candidates, origins, strict=True):
        assert not is_return_path(each) or origin == "https://billing.example.com"
