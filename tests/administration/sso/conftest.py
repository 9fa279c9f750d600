"""An organisation with a proved mail domain and a real provider, and a browser that goes there."""

import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi import FastAPI
from sqlalchemy import select

from shared.clock import SystemClock
from shared.db import Database
from shared.ids import new_id
from shared.mail.queue import Post
from shared.models import (
    AuditEntry,
    Job,
    MailDomain,
    Membership,
    Person,
    SsoConnection,
    SsoIdentity,
)
from shared.web.services import Services
from tests.support.browsing import Browser, Page, make_apps
from tests.support.builders import Tenant, make_tenant
from tests.support.openid import Provider, Registered, provider

BACK = "http://administration.fortress.localhost/sign-in/sso/done"


@pytest.fixture(scope="session")
async def real_provider() -> AsyncIterator[Provider]:
    async with provider() as running:
        yield running


@pytest.fixture(scope="session")
async def registered(real_provider: Provider) -> Registered:
    return await real_provider.register(BACK)


@dataclass
class Company:
    """An organisation whose people come by `provider`, with addresses of `domain`."""

    app: FastAPI
    database: Database
    provider: Provider
    registered: Registered
    tenant: Tenant
    domain: str = field(default_factory=lambda: f"{secrets.token_hex(8)}.example.com")
    browser: Browser = field(init=False)

    def __post_init__(self) -> None:
        self.browser = Browser({"administration": self.app})

    def address(self, name: str = "ann") -> str:
        return f"{name}@{self.domain}"

    async def prove(self, domain: str) -> None:
        now = SystemClock().now()
        row = MailDomain(
            org_id=self.tenant.id,
            domain=domain,
            token="t" * 43,
            proved=domain,
            proved_at=now,
            created_at=now,
        )
        async with self.database.unit_of_work() as session:
            session.add(row)

    async def connect(self, **values: Any) -> None:
        """Set the provider, switched on."""
        now = SystemClock().now()
        given = {
            "issuer": self.provider.issuer,
            "client_id": self.registered.id,
            "role": "viewer",
            "enabled": True,
            "enforced": False,
            **values,
        }
        name = new_id("sso")
        sealed = self.app.state.sso.seal(name, self.registered.secret)
        row = SsoConnection(
            public_id=name,
            org_id=self.tenant.id,
            client_secret=sealed,
            created_at=now,
            updated_at=now,
            **given,
        )
        async with self.database.unit_of_work() as session:
            session.add(row)

    async def knows(self, subject: str, email: str, **claims: Any) -> str:
        """Let the provider know somebody; their subject."""
        claims = {"email": email, "email_verified": True, "name": "Ann Example", **claims}
        name = f"{subject} of {self.domain}"
        await self.provider.knows(name, **claims)
        return name

    async def goes(self, email: str) -> str:
        """Type an address; where the browser is sent to."""
        page = await self.browser.open("administration", "/sign-in/sso")
        page = await self.browser.send(page, "/sign-in/sso", {"email": email})
        assert page.status == 200, page.text
        return page.answer.headers["refresh"].removeprefix("0; url=")

    async def way_back(self, subject: str, email: str = "") -> str:
        """Go there and sign in; the path that leads back here."""
        there = await self.goes(email or self.address())
        parts = urlsplit(await self.provider.signs_in(there, subject))
        return f"{parts.path}?{parts.query}"

    async def comes(self, subject: str, email: str = "") -> Page:
        """The whole way; the page at its end."""
        return await self.browser.open("administration", await self.way_back(subject, email))

    async def people(self) -> list[Person]:
        """Those with an address of the domain."""
        async with self.database.read() as session:
            query = select(Person).where(Person.email.endswith(self.domain)).order_by(Person.id)
            return list(await session.scalars(query))

    async def members(self) -> dict[int, str]:
        """Person → role."""
        async with self.database.read() as session:
            mine = select(Membership).where(Membership.org_id == self.tenant.id)
            return {one.person_id: one.role for one in await session.scalars(mine)}

    async def links(self) -> list[SsoIdentity]:
        async with self.database.read() as session:
            mine = select(SsoIdentity).where(SsoIdentity.org_id == self.tenant.id)
            return list(await session.scalars(mine))

    async def audited(self) -> set[str]:
        """The actions in the organisation's audit."""
        async with self.database.read() as session:
            mine = select(AuditEntry.action).where(AuditEntry.org_id == self.tenant.id)
            return set(await session.scalars(mine))

    async def letters(self, email: str) -> list[str]:
        """The texts of the letters that wait for an address."""
        post: Post = self.app.state.post
        async with self.database.read() as session:
            payloads = await session.scalars(select(Job.payload).where(Job.queue == "mail"))
            opened = [
                post._seal.open(one["sealed"], label=one["key"])
                for one in payloads
                if "sealed" in one
            ]
        return [one["text"] for one in opened if one["to"] == email]


@pytest.fixture(scope="session")
def app(services: Services) -> FastAPI:
    """One for all tests of a worker: their organisations keep them apart."""
    return make_apps(services, "administration")["administration"]


@pytest.fixture
async def company(
    app: FastAPI, database: Database, real_provider: Provider, registered: Registered
) -> AsyncIterator[Company]:
    """One that is set and switched on."""
    tenant = await make_tenant(database)
    made = Company(app, database, real_provider, registered, tenant)
    await made.prove(made.domain)
    await made.connect()
    yield made
    await real_provider.lies()


def query_of(address: str) -> dict[str, str]:
    """The parameters of an address, each once."""
    return {name: value for name, [value] in parse_qs(urlsplit(address).query).items()}
