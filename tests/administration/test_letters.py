"""Mail of a laptop is read at administration; anywhere else there is no such page."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from apps.administration.main import create_app
from apps.administration.settings import AdministrationSettings
from shared.clock import ManualClock
from shared.mail.base import Letter
from shared.mail.folder import FolderMailer, file_name
from shared.settings import Environment
from shared.web.services import Services
from tests.support.http import client, idle_client
from tests.support.until import until

SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "mail"


@pytest.fixture
async def http(tmp_path: Path, folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    settings = AdministrationSettings(
        mail_url=f"folder://{folder}", database_url=f"sqlite+aiosqlite:///{tmp_path}/none.db"
    )
    services = Services.from_settings(settings)
    async with idle_client(create_app(services=services), "administration") as made:
        yield made
    await services.close()


@pytest.fixture
async def letter(folder: Path) -> Letter:
    made = Letter(
        to="ann@example.com",
        subject=f"Reset {SCRIPT}",
        text=f"{SCRIPT}\nChoose: http://administration.fortress.localhost:8000/reset?token=a&b=c\n",
        html="<p>no</p>",
        message_id="<abc@example.com>",
        written=ManualClock().now(),
    )
    await FolderMailer(folder, "no-reply@example.com").send(made)
    return made


async def test_there_is_none_at_first(http: httpx.AsyncClient) -> None:
    assert "There is none yet" in (await http.get("/letters")).text


async def test_a_letter_is_listed_and_its_link_can_be_followed(
    http: httpx.AsyncClient, letter: Letter
) -> None:
    listed = (await http.get("/letters")).text
    assert f'href="/letters/{file_name(letter)}"' in listed
    shown = (await http.get(f"/letters/{file_name(letter)}")).text
    assert 'href="http://administration.fortress.localhost:8000/reset?token=a&amp;b=c"' in shown
    assert "<script" not in listed + shown


@pytest.mark.parametrize(
    "name", ["x", "..%2f..%2fetc%2fpasswd", "0000000000000-0000000000000000.eml", "%00.eml"]
)
async def test_there_is_no_other_file(http: httpx.AsyncClient, letter: Letter, name: str) -> None:
    assert name != file_name(letter)
    assert (await http.get(f"/letters/{name}")).status_code == 404


@pytest.mark.parametrize(
    ("environment", "url"),
    [
        (Environment.staging, "ses://eu-central-1"),
        (Environment.production, "ses://eu-central-1"),
        (Environment.development, "smtp://127.0.0.1:1"),
    ],
)
async def test_elsewhere_there_is_no_such_page(
    tmp_path: Path, environment: Environment, url: str
) -> None:
    settings = AdministrationSettings(
        environment=environment,
        domain="example.com",
        secret="s" * 40,
        mail_url=url,
        database_url=f"sqlite+aiosqlite:///{tmp_path}/none.db",
    )
    services = Services.from_settings(settings)
    async with idle_client(create_app(services=services)) as http:
        assert (await http.get("/letters")).status_code == 404
    await services.close()


async def test_administration_sends_what_is_in_the_queue(services: Services, folder: Path) -> None:
    settings = AdministrationSettings(
        **services.settings.model_dump(exclude_unset=True), mail_url=f"folder://{folder}"
    )
    own = Services(settings, services.database, services.bus, services.clock)
    app = create_app(services=own)
    values = {"title": str(folder), "text": "x", "facts": []}
    # The app's own, which is another database user in some runs.
    here: Services = app.state.services
    async with client(app, "administration") as http:
        async with here.database.unit_of_work() as session:
            await app.state.post.put(
                session,
                "notice",
                "ann@example.com",
                key=str(folder),
                now=here.clock.now(),
                **values,
            )

        async def shown() -> bool:
            return str(folder) in (await http.get("/letters")).text

        await until(shown, "the letter")
