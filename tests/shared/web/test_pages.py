"""Pages are whole without script, escape what they are given, and failures suit who asks."""

import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Request, Response
from jinja2 import UndefinedError

from shared.errors import Forbidden, NotFound, Unauthenticated, Unavailable
from shared.settings import Settings
from shared.web.app import create_web_app
from shared.web.cookies import VISIT
from shared.web.csrf import matches
from shared.web.forms import FormOf
from shared.web.pages import static
from shared.web.pages.errors import prefers_html
from shared.web.pages.render import Pages, pages, show
from shared.web.services import Services
from tests.support.http import idle_client

SCRIPT = "<script>alert('&\"')</script>"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"
FAILURES = {
    "401": Unauthenticated("send an API key"),
    "403": Forbidden(f"not {SCRIPT}"),
    "404": NotFound(f"no {SCRIPT}"),
    "503": Unavailable("later"),
}
FIELDS = [
    {"name": "email", "label": f"E-mail {SCRIPT}", "type": "email", "value": SCRIPT},
    {"name": "password", "label": "Password", "type": "password", "hint": "15 characters"},
]

router = APIRouter()


@router.get("/form")
async def form(request: Request) -> Response:
    return show(
        request,
        pages(),
        "form.html",
        title=f"Sign in {SCRIPT}",
        text=SCRIPT,
        action="/form",
        fields=FIELDS,
        hidden={"return": SCRIPT},
        button="Sign in",
        errors={"email": f"not an address {SCRIPT}"},
        links=[("/reset", SCRIPT)],
    )


@router.post("/form")
async def sent(fields: FormOf) -> dict[str, str]:
    return fields


@router.get("/message")
async def message(request: Request) -> Response:
    return show(request, pages(), "message.html", title="Done", text=SCRIPT, links=[])


@router.get("/fail/{status}")
async def fail(status: str) -> None:
    raise FAILURES[status]


@router.get("/bug")
async def bug() -> None:
    raise RuntimeError("a bug")


@pytest.fixture
async def http(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    settings = Settings(database_url=f"sqlite+aiosqlite:///{tmp_path}/none.db")
    services = Services.from_settings(settings)
    app: FastAPI = create_web_app(
        name="things", title="Things", description="-", services=services, routers=[router]
    )
    async with idle_client(app, "things") as made:
        yield made
    await services.close()


class Outline(HTMLParser):
    """The elements of a page with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


@pytest.mark.parametrize("path", ["/form", "/message", "/fail/404"])
async def test_a_page_has_what_everybody_needs(http: httpx.AsyncClient, path: str) -> None:
    answer = await http.get(path, headers={"Accept": BROWSER})
    outline = Outline(answer.text)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.text.startswith("<!doctype html>")
    assert outline.all("html") == [{"lang": "en"}]
    for landmark in ("title", "header", "main", "h1", "footer"):
        assert len(outline.all(landmark)) == 1
    assert outline.all("main")[0]["id"] == "main"
    assert outline.all("a")[0] == {"class": "skip", "href": "#main"}
    assert {"name": "viewport", "content": "width=device-width, initial-scale=1"} in outline.all(
        "meta"
    )
    assert all("alt" in image for image in outline.all("img"))


@pytest.mark.parametrize("path", ["/form", "/message", "/fail/404", "/fail/403"])
async def test_a_page_has_neither_script_nor_style_in_it(
    http: httpx.AsyncClient, path: str
) -> None:
    outline = Outline((await http.get(path, headers={"Accept": BROWSER})).text)
    assert outline.all("script") == outline.all("style") == []
    for _, attributes in outline.found:
        assert not [name for name in attributes if name.startswith("on") or name == "style"]


async def test_every_field_has_a_label_and_its_error(http: httpx.AsyncClient) -> None:
    outline = Outline((await http.get("/form")).text)
    inputs = [each for each in outline.all("input") if each["type"] != "hidden"]
    assert [each["for"] for each in outline.all("label")] == [each["id"] for each in inputs]
    email, password = inputs
    assert email["value"] == SCRIPT
    assert email["aria-invalid"] == "true"
    described = {each["id"] for each in outline.all("p") if "id" in each}
    assert set((email["aria-describedby"] or "").split()) <= described
    assert set((password["aria-describedby"] or "").split()) <= described
    assert "value" not in password or password["value"] == ""


async def test_its_form_can_be_sent(http: httpx.AsyncClient) -> None:
    page = await http.get("/form")
    hidden = {
        str(each["name"]): each["value"]
        for each in Outline(page.text).all("input")
        if each["type"] == "hidden"
    }
    cookie = page.headers["set-cookie"].partition(";")[0]
    headers = {"Sec-Fetch-Site": "same-origin", "Cookie": cookie}
    answer = await http.post("/form", data=hidden, headers=headers)
    assert answer.json()["return"] == SCRIPT


async def test_a_visit_that_is_there_stays(http: httpx.AsyncClient) -> None:
    page = await http.get("/form", headers={"Cookie": f"{VISIT}=mine"})
    assert "set-cookie" not in page.headers
    found = re.search(r'name="csrf" value="([^"]+)"', page.text)
    assert found
    assert matches(Settings().secret.get_secret_value(), "mine", found[1])


def test_a_name_that_is_not_given_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        pages().text("message.html", app="Things", title="Done")


def test_an_apps_own_templates_stand_on_the_shared_ones(tmp_path: Path) -> None:
    own = '{% extends "base.html" %}{% block main %}<h1>{{ title }}</h1>{% endblock %}'
    (tmp_path / "own.html").write_text(own)
    text = Pages(tmp_path).text("own.html", app="Things", title="<b>")
    assert "<h1>&lt;b&gt;</h1>" in text
    assert "<title>&lt;b&gt; " in text


@pytest.mark.parametrize("status", [401, 403, 404, 503])
async def test_people_get_a_page_and_programs_a_problem(
    http: httpx.AsyncClient, status: int
) -> None:
    page = await http.get(f"/fail/{status}", headers={"Accept": BROWSER})
    problem = await http.get(f"/fail/{status}")
    assert page.status_code == problem.status_code == status
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert problem.headers["content-type"] == "application/problem+json"
    assert page.headers["x-request-id"] in page.text
    assert "API key" not in page.text
    for name in ("retry-after", "www-authenticate"):
        assert page.headers.get(name) == problem.headers.get(name)


@pytest.mark.parametrize("path", ["/bug", "/nothing"])
async def test_so_do_bugs_and_unknown_pages(http: httpx.AsyncClient, path: str) -> None:
    page = await http.get(path, headers={"Accept": BROWSER})
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.status_code in (404, 500)
    assert "a bug" not in page.text
    assert "RuntimeError" not in page.text


@pytest.mark.parametrize(
    ("accept", "html"),
    [
        (BROWSER, True),
        ("text/html", True),
        ("TEXT/HTML; charset=utf-8", True),
        ("application/json;q=0.5, text/html", True),
        ("text/html;q=0.5, application/json", False),
        ("text/html;q=0", False),
        ("text/html;q=x", False),
        ("*/*", False),
        ("application/json", False),
        ("application/problem+json, text/html;q=0.1", False),
        ("", False),
        (",;q=1,", False),
    ],
)
def test_who_wants_a_page_says_so(accept: str, html: bool) -> None:
    assert prefers_html(accept) is html


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("fortress.css", "text/css; charset=utf-8"),
        ("session.js", "text/javascript; charset=utf-8"),
        ("icon.svg", "image/svg+xml; charset=utf-8"),
    ],
)
async def test_a_file_is_kept_forever_under_its_name(
    http: httpx.AsyncClient, name: str, kind: str
) -> None:
    answer = await http.get(static.address(name))
    assert answer.content == (static.FOLDER / name).read_bytes()
    assert answer.headers["content-type"] == kind
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize(
    "name", ["fortress.css", "fortress.0000000000000000.css", "..%2frender.py", "%2e%2e", ""]
)
async def test_there_is_no_other_file(http: httpx.AsyncClient, name: str) -> None:
    answer = await http.get(f"/static/{name}")
    assert answer.status_code == 404
    assert "immutable" not in answer.headers["cache-control"]


def contrast(one: str, other: str) -> float:
    """WCAG 2.2's ratio of two colours such as #1a2027."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("front", "back", "least"),
    [
        ("ink", "ground", 4.5),
        ("ink", "raised", 4.5),
        ("quiet", "ground", 4.5),
        ("accent", "ground", 4.5),
        ("on-accent", "accent", 4.5),
        ("wrong", "ground", 4.5),
        ("wrong", "wrong-ground", 4.5),
        ("line", "ground", 3.0),
    ],
)
def test_colours_can_be_told_apart(scheme: int, front: str, back: str, least: float) -> None:
    css = (static.FOLDER / "fortress.css").read_text()
    blocks: list[Any] = re.findall(r":root \{(.*?)\}", css, re.DOTALL)
    tokens = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", blocks[scheme]))
    assert contrast(tokens[front], tokens[back]) >= least
