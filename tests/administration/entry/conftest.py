"""People with a password, and browsers."""

from dataclasses import dataclass

import pytest
from fastapi import FastAPI

from shared.auth.passwords import Passwords
from shared.web.services import Services
from tests.support.browsing import Browser, Page, make_apps
from tests.support.builders import Tenant, make_tenant
from tests.support.people import MadePerson, add_member, make_person

PASSWORD = "seven quiet lamps in a row"
# Cheap ones: what a hash costs is looked at elsewhere.
PASSWORDS = Passwords(memory_kib=64, passes=1)


@dataclass
class Home:
    """An organisation, its owner with a password, and the six apps that they use."""

    services: Services
    apps: dict[str, FastAPI]
    tenant: Tenant
    person: MadePerson

    def browser(self) -> Browser:
        return Browser(self.apps)

    async def sign_in(self, browser: Browser, app: str = "administration") -> Page:
        """Open the app's first page, and sign in on the way."""
        page = await browser.open(app)
        return await self.type(browser, page, PASSWORD)

    async def type(self, browser: Browser, page: Page, password: str) -> Page:
        typed = {"email": self.person.email, "password": password}
        return await browser.send(page, "/sign-in", typed)


@pytest.fixture
async def home(services: Services) -> Home:
    apps = make_apps(services)
    apps["administration"].state.guard.passwords = PASSWORDS
    tenant = await make_tenant(services.database)
    hashed = await PASSWORDS.hash(PASSWORD)
    person = await make_person(services.database, password_hash=hashed)
    await add_member(services.database, tenant, person, "owner")
    return Home(services, apps, tenant, person)
