"""A page that asks whether its session is alive, and gets no answer: it stays, and asks again."""

from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Page, Route, expect

from tests.support.site import Site

ASKS = "**/session"
# Twice what it takes to give a silent server up and ask once more.
AGAIN_MS = 20_000
Fail = Callable[[Route], Awaitable[None]]


async def unreachable(route: Route) -> None:
    await route.abort("connectionrefused")


async def cut_off(route: Route) -> None:
    await route.abort("connectionreset")


async def silent(_route: Route) -> None:
    """The question stays open."""


async def broken(route: Route) -> None:
    await route.fulfill(status=503, body="away")


async def elsewhere(route: Route) -> None:
    """As a network that wants to be signed in to itself."""
    await route.fulfill(status=302, headers={"location": "/signed-out"})


@pytest.mark.parametrize("fail", [unreachable, cut_off, silent, broken, elsewhere])
async def test_without_an_answer_a_page_stays_and_asks_again(
    site: Site, signed_in: Page, fail: Fail
) -> None:
    loads: list[str] = []
    signed_in.on("framenavigated", lambda frame: loads.append(frame.url))
    await signed_in.route(ASKS, fail)
    for _ in range(2):
        await signed_in.wait_for_event("request", lambda one: one.url.endswith("/session"))
    assert loads == []
    assert signed_in.url == site.at("billing", "/")
    await expect(signed_in.get_by_role("main")).to_contain_text("demo@example.com")


async def test_when_the_server_is_back_it_hears_that_the_session_is_over(
    site: Site, signed_in: Page
) -> None:
    await signed_in.route(ASKS, silent)
    await signed_in.wait_for_event("request", lambda one: one.url.endswith("/session"))
    await signed_in.context.clear_cookies()
    await signed_in.unroute(ASKS)
    await signed_in.wait_for_url(site.at("billing", "/signed-out*"), timeout=AGAIN_MS)
