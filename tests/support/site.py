"""The whole of Fortress as people reach it: a process, its MariaDB, its mail; and browsers."""

import email
import email.policy
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

from playwright.async_api import Browser, async_playwright

from shared.db import Database
from shared.mail.folder import letters
from shared.settings import Settings
from tests.apps.local.launch import Up, up
from tests.support import databases
from tests.support.chromium import NAMES
from tests.support.until import until

OPTIONS = [
    "--no-sandbox",  # containers run as root
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
]


@dataclass(frozen=True)
class Site:
    """A running `fortress up` on a MariaDB, and a way to that database beside it."""

    up: Up
    database: Database

    def at(self, app: str, path: str = "/") -> str:
        """The address of a page."""
        return f"http://{app}.fortress.localhost:{self.up.port}{path}"

    async def letter(self, to: str, subject: str = "") -> EmailMessage:
        """The newest letter to an address, with these words in its subject; waits for it."""
        found = await until(lambda: self._letters(to, subject), f"a letter to {to}: {subject}")
        return found[0]

    async def link(self, to: str, subject: str = "") -> str:
        """The first address in the newest such letter."""
        body = (await self.letter(to, subject)).get_body(("plain",))
        assert body is not None
        found = re.search(r"https?://\S+", body.get_content())
        assert found is not None, body.get_content()
        return found[0]

    def _letters(self, to: str, subject: str) -> list[EmailMessage]:
        found = [
            email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            for path in letters(self.up.var / "mail")
        ]
        return [one for one in found if to in str(one["To"]) and subject in str(one["Subject"])]


@asynccontextmanager
async def site(folder: Path) -> AsyncIterator[Site]:
    """`fortress up` with an empty organisation's data and no devices, on a MariaDB of its own."""
    async with databases.migrated_database("mariadb", folder) as url:
        database = Database.from_settings(Settings(database_url=url))
        try:
            with up(folder, FLEET="0", FORTRESS_DATABASE_URL=url) as running:
                yield Site(running, database)
        finally:
            await database.close()


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Debian's Chromium, headless."""
    program = next((found for name in NAMES if (found := shutil.which(name))), None)
    assert program, "there is no Chromium: sudo apt install chromium"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=OPTIONS)
        yield browser
        await browser.close()
