"""A browser without windows: it keeps each host's cookies, follows redirects, sends forms.

The apps answer in process. Like a browser it says where a request comes from.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
from fastapi import FastAPI

from apps.administration.main import create_app as administration
from apps.api.main import create_app as api
from apps.billing.main import create_app as billing
from apps.dashboarding.main import create_app as dashboarding
from apps.loyalty.main import create_app as loyalty
from apps.reporting.main import create_app as reporting
from shared.web.services import Services
from tests.support.as_users import as_user

CREATE: dict[str, Callable[..., FastAPI]] = {
    "administration": administration,
    "api": api,
    "billing": billing,
    "dashboarding": dashboarding,
    "loyalty": loyalty,
    "reporting": reporting,
}
MOST_REDIRECTS = 8
PAGE = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8", "sec-fetch-site": "none"}


# A new app's first requests take longer than most tests: each is made once for its services.
_made: dict[tuple[int, str], tuple[Services, FastAPI]] = {}


def make_apps(services: Services, *names: str) -> dict[str, FastAPI]:
    """The six apps, or those named, on one database; none of their background tasks runs."""
    return {name: _app(services, name) for name in names or CREATE}


def _app(services: Services, name: str) -> FastAPI:
    key = id(services), name
    if key not in _made:
        _made[key] = services, CREATE[name](services=as_user(services, name))
    return _made[key][1]


def at(app: str, path: str = "/") -> str:
    return f"http://{app}.fortress.localhost{path}"


class _Forms(HTMLParser):
    """The fields of every form of a page, by the form's action."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, dict[str, str]] = {}
        self._open: dict[str, str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = self.found.setdefault(given.get("action", ""), {})
        elif tag == "input" and self._open is not None and "name" in given:
            self._open[given["name"]] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None


@dataclass
class Page:
    """What a browser shows: the answer, and the address it came from."""

    url: str
    answer: httpx.Response

    @property
    def status(self) -> int:
        return self.answer.status_code

    @property
    def app(self) -> str:
        return str(urlsplit(self.url).hostname).partition(".")[0]

    @property
    def path(self) -> str:
        return urlsplit(self.url).path

    @property
    def text(self) -> str:
        return self.answer.text

    @property
    def forms(self) -> dict[str, dict[str, str]]:
        """Action → fields, as they are without typing, of every form."""
        forms = _Forms()
        forms.feed(self.text)
        return forms.found

    def fields(self, action: str) -> dict[str, str]:
        """The fields of the form with this action. Raises `KeyError`."""
        return self.forms[action]


@dataclass
class Browser:
    """One person's browser. `jar`: host name → its cookies, which a test may look at and change."""

    apps: dict[str, FastAPI]
    jar: dict[str, dict[str, str]] = field(default_factory=dict)
    went: list[str] = field(default_factory=list)

    async def open(self, app: str, path: str = "/") -> Page:
        """What somebody sees who opens this address."""
        return await self._follow("GET", at(app, path), None)

    async def send(self, page: Page, action: str, values: Mapping[str, str] | None = None) -> Page:
        """Send the form with this action, with what is typed; then follow."""
        fields = {**page.fields(action), **(values or {})}
        return await self._follow("POST", urljoin(page.url, action), fields, origin=page.url)

    async def request(self, method: str, url: str, **more: Any) -> httpx.Response:
        """One request with this browser's cookies, and nothing followed."""
        host = str(urlsplit(url).hostname)
        app = self.apps[host.partition(".")[0]]
        kept = self.jar.setdefault(host, {})
        headers = {**PAGE, **more.pop("headers", {})}
        if kept:
            headers["cookie"] = "; ".join(f"{name}={value}" for name, value in kept.items())
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport) as http:
            answer = await http.request(method, url, headers=headers, **more)
        for line in answer.headers.get_list("set-cookie"):
            name, _, value = line.partition(";")[0].partition("=")
            kept[name] = value
            if not value:
                del kept[name]
        return answer

    async def _follow(
        self, method: str, url: str, data: dict[str, str] | None, origin: str = ""
    ) -> Page:
        headers = {}
        if origin:
            parts = urlsplit(origin)
            headers = {
                "sec-fetch-site": "same-origin",
                "origin": f"{parts.scheme}://{parts.netloc}",
                "referer": origin,
            }
        self.went = [url]
        answer = await self.request(method, url, data=data, headers=headers)
        while answer.status_code == 303:
            assert len(self.went) < MOST_REDIRECTS, self.went
            url = urljoin(url, answer.headers["location"])
            self.went.append(url)
            answer = await self.request("GET", url)
        return Page(url, answer)
