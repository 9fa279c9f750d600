"""A change is made only for a page of the same app and session, or for a key."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Request

from shared.settings import Settings
from shared.web.app import create_web_app
from shared.web.cookies import SESSION, VISIT
from shared.web.csrf import make_token, matches
from shared.web.forms import FormOf
from shared.web.services import Services
from tests.support.http import idle_client

OWN = "http://things.fortress.localhost"
SIBLING = "http://billing.fortress.localhost"
SECRET = Settings().secret.get_secret_value()
SAME = {"Sec-Fetch-Site": "same-origin"}
HELD = {"Cookie": f"{SESSION}=held"}

router = APIRouter()


@router.post("/form")
async def form(fields: FormOf) -> dict[str, str]:
    return {name: value for name, value in fields.items() if name != "csrf"}


@router.post("/json")
async def json(request: Request) -> Any:
    return {"body": (await request.body()).decode(), "cookie": request.headers.get("cookie")}


@router.get("/read")
async def read(request: Request) -> Any:
    return {"cookie": request.headers.get("cookie")}


@pytest.fixture
async def app(tmp_path: Any) -> AsyncIterator[FastAPI]:
    settings = Settings(database_url=f"sqlite+aiosqlite:///{tmp_path}/none.db")
    services = Services.from_settings(settings)
    yield create_web_app(
        name="things", title="Things", description="-", services=services, routers=[router]
    )
    await services.close()


@pytest.fixture
async def http(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with idle_client(app, "things") as made:
        yield made


def token(bound: str = "held") -> str:
    return make_token(SECRET, bound)


def refused(answer: httpx.Response) -> bool:
    return answer.status_code == 403 and answer.json()["code"] == "forged"


async def test_a_form_of_this_session_is_taken(http: httpx.AsyncClient) -> None:
    sent = {"csrf": token(), "name": "a & b=é", "empty": ""}
    answer = await http.post("/form", data=sent, headers=SAME | HELD)
    assert answer.json() == {"name": "a & b=é", "empty": ""}


async def test_a_script_sends_the_token_in_a_header(http: httpx.AsyncClient) -> None:
    headers = SAME | HELD | {"X-CSRF-Token": token()}
    answer = await http.post("/json", json={"a": 1}, headers=headers)
    assert answer.json()["body"] == '{"a":1}'


async def test_without_a_session_a_visit_binds_it(http: httpx.AsyncClient) -> None:
    headers = SAME | {"Cookie": f"{VISIT}=visit"}
    taken = await http.post("/form", data={"csrf": token("visit")}, headers=headers)
    assert taken.status_code == 200
    assert refused(await http.post("/form", data={"csrf": token()}, headers=headers))


async def test_a_visits_token_does_not_do_for_a_session(http: httpx.AsyncClient) -> None:
    headers = SAME | {"Cookie": f"{VISIT}=visit; {SESSION}=held"}
    assert refused(await http.post("/form", data={"csrf": token("visit")}, headers=headers))


@pytest.mark.parametrize("site", ["same-site", "cross-site", "none", "", "same-origin, same-site"])
@pytest.mark.parametrize("cookie", [HELD, {}])
async def test_what_a_browser_says_comes_from_elsewhere_is_refused(
    http: httpx.AsyncClient, site: str, cookie: dict[str, str]
) -> None:
    # Even where everything else is right: sibling subdomains are other apps.
    headers = cookie | {"Sec-Fetch-Site": site, "Origin": OWN, "X-CSRF-Token": token()}
    assert refused(await http.post("/json", headers=headers))


@pytest.mark.parametrize(
    "origin",
    [SIBLING, "null", "", f"{OWN}:8000", f"{OWN}/", "https://things.fortress.localhost", f"{OWN}."],
)
@pytest.mark.parametrize("cookie", [HELD, {}])
async def test_an_older_browsers_origin_must_be_exact(
    http: httpx.AsyncClient, origin: str, cookie: dict[str, str]
) -> None:
    headers = cookie | {"Origin": origin, "X-CSRF-Token": token()}
    assert refused(await http.post("/json", headers=headers))


async def test_an_older_browsers_own_origin_is_taken(http: httpx.AsyncClient) -> None:
    headers = HELD | {"Origin": OWN, "X-CSRF-Token": token()}
    assert (await http.post("/json", headers=headers)).status_code == 200


async def test_a_cookie_without_a_word_on_where_it_is_from_is_refused(
    http: httpx.AsyncClient,
) -> None:
    assert refused(await http.post("/json", headers=HELD | {"X-CSRF-Token": token()}))


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"X-CSRF-Token": ""},
        {"X-CSRF-Token": "abc"},
        {"X-CSRF-Token": "é"},
        {"X-CSRF-Token": make_token(SECRET, "other")},
        {"X-CSRF-Token": make_token("t" * 40, "held")},
        {"X-CSRF-Token": make_token(SECRET, "")},
    ],
)
async def test_a_token_of_nobody_or_of_another_session_is_refused(
    http: httpx.AsyncClient, sent: dict[str, str]
) -> None:
    every = (SAME | HELD | sent).items()
    raw = [(name.encode(), value.encode("latin-1")) for name, value in every]
    assert refused(await http.post("/json", headers=raw))


async def test_two_sessions_are_none(http: httpx.AsyncClient) -> None:
    headers = SAME | {"Cookie": f"{SESSION}=held; {SESSION}=other", "X-CSRF-Token": token()}
    assert refused(await http.post("/json", headers=headers))


async def test_two_tokens_are_none(http: httpx.AsyncClient) -> None:
    body = f"csrf={token()}&csrf={token()}"
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await http.post("/form", content=body, headers=SAME | HELD | kind)
    assert answer.status_code == 400


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "X"])
async def test_every_unsafe_method_is_asked(http: httpx.AsyncClient, method: str) -> None:
    assert refused(await http.request(method, "/nothing", headers=SAME | HELD))


async def test_a_token_in_the_address_is_none(http: httpx.AsyncClient) -> None:
    assert refused(await http.post(f"/json?csrf={token()}", headers=SAME | HELD))


async def test_another_host_is_not_this_app(http: httpx.AsyncClient) -> None:
    headers = SAME | HELD | {"X-CSRF-Token": token(), "Host": "evil.example"}
    answer = await http.post("/json", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (421, "unknown_host")


async def test_a_key_speaks_for_itself_and_its_cookies_do_not_count(
    http: httpx.AsyncClient,
) -> None:
    headers = HELD | {"Authorization": "Bearer fk_x", "Sec-Fetch-Site": "cross-site"}
    answer = await http.post("/json", headers=headers)
    assert answer.json()["cookie"] is None
    assert (await http.get("/read", headers=headers)).json()["cookie"] is None


async def test_another_way_of_signing_in_is_no_key(http: httpx.AsyncClient) -> None:
    assert refused(await http.post("/json", headers=HELD | {"Authorization": "Basic eDp5"}))


async def test_a_program_without_cookies_is_asked_nothing(http: httpx.AsyncClient) -> None:
    assert (await http.post("/json", content=b"x")).json()["body"] == "x"


async def test_reading_needs_no_token(http: httpx.AsyncClient) -> None:
    headers = HELD | {"Sec-Fetch-Site": "cross-site"}
    assert (await http.get("/read", headers=headers)).json()["cookie"] == HELD["Cookie"]


async def test_people_are_told_on_a_page(http: httpx.AsyncClient) -> None:
    answer = await http.post("/json", headers=SAME | HELD | {"Accept": "text/html"})
    assert answer.status_code == 403
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "load it again" in answer.text


@pytest.mark.parametrize("body", [b"a", b"a=%ff", b"\xff=1", b"&".join([b"a=1"] * 300)])
async def test_what_is_no_form_is_refused(http: httpx.AsyncClient, body: bytes) -> None:
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    assert (await http.post("/form", content=body, headers=kind)).status_code == 400
    assert (await http.post("/form", json={})).status_code == 400


def test_no_two_tokens_are_alike() -> None:
    one, other = token(), token()
    assert one != other
    assert one[:20] != other[:20]
    assert matches(SECRET, "held", one)
