"""What the log says of signing in, and of who tries."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.administration.entry.conftest import PASSWORD, Home
from tests.support.browsing import at
from tests.support.logged import Lines, logged, of_requests

WRONG = "eight loud lamps in a heap"
HERE = {"app": "administration", "address": "127.0.0.1"}


@pytest.fixture
def lines() -> Iterator[Lines]:
    with logged() as found:
        yield found


def saying(lines: Lines, words: str) -> dict[str, Any]:
    """The one line with these words."""
    (found,) = [line for line in lines() if words in line["message"]]
    return found


def posts(lines: Lines, path: str) -> list[dict[str, Any]]:
    return [line for line in of_requests(lines) if line["message"].startswith(f"POST {path} ")]


async def test_a_wrong_password_is_said_of_whom_and_from_where(home: Home, lines: Lines) -> None:
    browser = home.browser()
    await home.type(browser, await browser.open("administration", "/sign-in"), WRONG)
    line = saying(lines, "was wrong")
    assert line["message"] == f"a password for {home.person.public_id} from 127.0.0.1 was wrong"
    assert line["level"] == "warning"
    (request,) = posts(lines, "/sign-in")
    assert request.items() >= HERE.items()
    assert request["request_id"] == line["request_id"]
    # Whose name was typed is not who it was.
    assert "who" not in request


async def test_a_name_that_nobody_has_is_not_written_down(home: Home, lines: Lines) -> None:
    browser = home.browser()
    page = await browser.open("administration", "/sign-in")
    typed = {"email": "nobody@typed.example", "password": WRONG}
    await browser.send(page, "/sign-in", typed)
    assert saying(lines, "an unknown account from 127.0.0.1")["address"] == "127.0.0.1"
    assert "typed.example" not in str(lines())


async def test_signing_in_and_out_is_said_of_whom_and_from_where(home: Home, lines: Lines) -> None:
    browser = home.browser()
    page = await home.sign_in(browser)
    begun = saying(lines, "signed in by password")
    await browser.send(page, "/sign-out")
    over = saying(lines, "signed out")
    known = HERE | {"who": home.person.public_id}
    for line in (begun, over, *posts(lines, "/sign-in"), *posts(lines, "/sign-out")):
        assert line.items() >= known.items()


async def test_no_password_session_or_mail_address_is_in_it(home: Home, lines: Lines) -> None:
    browser = home.browser()
    await home.type(browser, await browser.open("administration", "/sign-in"), WRONG)
    await home.sign_in(browser, "billing")
    tokens = [value for jar in browser.jar.values() for value in jar.values()]
    assert len(tokens) > 2
    written = str(lines())
    for secret in (WRONG, PASSWORD, home.person.email, *tokens):
        assert secret not in written


async def test_who_presses_what_is_not_theirs_is_named(home: Home, lines: Lines) -> None:
    browser = home.browser()
    page = await home.sign_in(browser)
    headers = {"sec-fetch-site": "same-origin"}
    data = {"csrf": page.fields("/sign-out")["csrf"]}
    path = "/account/sign-ins/sgn_01JD3V3Q8X0000000000000000/end"
    await browser.request("POST", at("administration", path), data=data, headers=headers)
    (line,) = posts(lines, path)
    assert (line["status"], line["problem"]) == (404, "no_such_sign_in")
    assert line["who"] == home.person.public_id


async def test_a_page_of_elsewhere_that_posts_is_said(home: Home, lines: Lines) -> None:
    browser = home.browser()
    page = await home.sign_in(browser)
    headers = {"sec-fetch-site": "cross-site"}
    data = {"csrf": page.fields("/sign-out")["csrf"]}
    await browser.request("POST", at("administration", "/sign-out"), data=data, headers=headers)
    (line,) = posts(lines, "/sign-out")
    assert (line["status"], line["problem"]) == (403, "forged")
    assert line.items() >= HERE.items()
