"""A person, their browser at administration, and what they sign in with."""

from dataclasses import dataclass, field
from typing import Any

import httpx
import pyotp
import pytest
from fastapi import FastAPI
from sqlalchemy import select

from apps.administration.main import create_app
from apps.administration.settings import AdministrationSettings
from shared.bus import MemoryBus
from shared.clock import ManualClock, SystemClock, to_ms
from shared.db import Database
from shared.mail.queue import QUEUE
from shared.models import AuditEntry, Job
from shared.sealed import Seal
from shared.web.cookies import SESSION
from shared.web.services import Services
from tests.support.as_users import as_user
from tests.support.authenticator import Authenticator
from tests.support.browsing import Browser, Page, at
from tests.support.builders import Tenant, make_tenant
from tests.support.people import MadePerson, add_member, make_person, sign_in

HOST = "administration.fortress.localhost"
FACTORS = "/account/factors"
PASSKEYS = f"{FACTORS}/passkeys"
APP = f"{FACTORS}/app"
SIGN_IN = "/sign-in/passkey"
CONFIRM = "/confirm/passkey"


@dataclass
class Desk:
    """Somebody at their browser. `clock` is the app's; `device` holds their passkeys."""

    services: Services
    app: FastAPI
    tenant: Tenant
    person: MadePerson
    clock: ManualClock
    device: Authenticator = field(default_factory=Authenticator)
    browser: Browser = field(init=False)

    def __post_init__(self) -> None:
        self.browser = Browser({"administration": self.app})

    @property
    def own(self) -> Services:
        """What the app itself works with: its own database user, in some runs."""
        here: Services = self.app.state.services
        return here

    @property
    def cookies(self) -> dict[str, str]:
        return self.browser.jar.setdefault(HOST, {})

    async def sign_in(self) -> None:
        """Have a session that is fresh."""
        made = await sign_in(self.services.database, self.person, self.clock.now())
        self.cookies[SESSION] = made.token

    def leave(self) -> None:
        """Use a browser without cookies from now on."""
        self.cookies.clear()

    async def open(self, path: str) -> Page:
        return await self.browser.open("administration", path)

    async def call(self, path: str, body: Any) -> httpx.Response:
        """What a page's script sends: JSON, with the page's token."""
        signed_in = SESSION in self.cookies
        page = await self.open(FACTORS if signed_in else "/sign-in")
        token = page.fields("/sign-out" if signed_in else "/sign-in")["csrf"]
        headers = {
            "accept": "application/json",
            "sec-fetch-site": "same-origin",
            "x-csrf-token": token,
        }
        address = at("administration", path)
        return await self.browser.request("POST", address, json=body, headers=headers)

    async def options(self, path: str) -> dict[str, Any]:
        """What the authenticator is asked with."""
        answer = await self.call(f"{path}/options", {})
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def add_passkey(self, name: str = "") -> None:
        made = self.device.create(await self.options(PASSKEYS))
        answer = await self.call(PASSKEYS, made | {"name": name})
        assert answer.status_code == 200, answer.text

    async def show_passkey(self, path: str = SIGN_IN, **more: Any) -> httpx.Response:
        return await self.call(path, self.device.get(await self.options(path)) | more)

    async def passkey_pages(self) -> list[str]:
        """The addresses of passkeys in the list."""
        parts = (await self.open(FACTORS)).text.split(f'href="{PASSKEYS}/')[1:]
        return [f"{PASSKEYS}/{part.partition(chr(34))[0]}" for part in parts if part[:3] != "new"]

    async def remove_first(self) -> int:
        """Remove the passkey that was added first; the answer's status."""
        page = await self.open((await self.passkey_pages())[0])
        return (await self.browser.send(page, f"{page.path}/remove")).status

    async def set_up_codes(self) -> tuple[str, list[str]]:
        """The secret of one-time codes, and recovery codes."""
        page = await self.open(APP)
        secret = between(page.text, '<pre id="key">', "</pre>").replace(" ", "")
        page = await self.browser.send(page, APP, {"code": code_of(secret, self.clock)})
        assert page.status == 200, page.text
        return secret, between(page.text, '<pre id="codes">', "</pre>").split()

    async def audit(self) -> list[str]:
        """The actions that the organisation's audit has of this person."""
        query = select(AuditEntry.action).where(
            AuditEntry.org_id == self.tenant.id, AuditEntry.actor == self.person.public_id
        )
        async with self.services.database.read() as session:
            return list(await session.scalars(query.order_by(AuditEntry.id)))

    async def letters(self) -> list[str]:
        """The texts of the letters that were written to this person."""
        seal = Seal(self.services.settings.secret.get_secret_value(), "mail")
        async with self.services.database.read() as session:
            jobs = list(await session.scalars(select(Job.payload).where(Job.queue == QUEUE)))
        written = [each for each in jobs if "sealed" in each]
        found = [seal.open(each["sealed"], label=each["key"]) for each in written]
        return [each["text"] for each in found if each["to"] == self.person.email]


def code_of(secret: str, clock: ManualClock, steps: int = 0) -> str:
    """What an authenticator app shows now, or that many steps from now."""
    return pyotp.TOTP(secret).at(clock.now(), counter_offset=steps)


def between(text: str, before: str, after: str) -> str:
    return text.partition(before)[2].partition(after)[0]


# An app takes longer to make than most tests; each database has one, with its clock.
_MADE: dict[Database, tuple[FastAPI, ManualClock]] = {}


def _app(services: Services) -> tuple[FastAPI, ManualClock]:
    if services.database not in _MADE:
        clock = ManualClock(to_ms(SystemClock().now()))
        settings = AdministrationSettings(**services.settings.model_dump(exclude_unset=True))
        own = Services(settings, services.database, MemoryBus(), clock)
        _MADE[services.database] = create_app(services=as_user(own, "administration")), clock
    return _MADE[services.database]


async def make_desk(services: Services, *, password: str | None = "hash") -> Desk:
    tenant = await make_tenant(services.database)
    person = await make_person(services.database, password_hash=password)
    await add_member(services.database, tenant, person, "viewer")
    app, clock = _app(services)
    # Another test may have moved it.
    clock.advance(ms=to_ms(SystemClock().now()) - clock.now_ms())
    return Desk(services, app, tenant, person, clock)


@pytest.fixture
async def desk(services: Services) -> Desk:
    """Somebody with a password who has just signed in."""
    made = await make_desk(services)
    await made.sign_in()
    return made


@pytest.fixture
async def bare(services: Services) -> Desk:
    """Somebody who has one passkey, and no password."""
    made = await make_desk(services, password=None)
    await made.sign_in()
    await made.add_passkey("Telephone")
    return made
