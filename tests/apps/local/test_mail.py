"""Mail of `make run` lies beside everything else, unless it is told to go elsewhere."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from apps.administration.settings import AdministrationSettings
from apps.local.parts import Parts
from apps.local.settings import load_local
from apps.local.web import make_apps
from shared.bus import MemoryBus
from shared.clock import SystemClock
from shared.db import Database
from shared.web.services import Services


@pytest.fixture
async def parts(tmp_path: Path) -> AsyncIterator[Parts]:
    settings = load_local(var=tmp_path)
    made = Parts(settings, Database.from_settings(settings), MemoryBus(), SystemClock())
    yield made
    await made.database.close()
    await made.bus.close()


def mail_url(parts: Parts) -> str:
    services: Services = make_apps(parts)["administration"].state.services
    return services.settings_as(AdministrationSettings).mail_url


async def test_it_lies_in_the_folder_of_this_run(
    parts: Parts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FORTRESS_MAIL_URL", raising=False)
    assert mail_url(parts) == f"folder://{tmp_path}/mail"


async def test_it_goes_where_it_is_told(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORTRESS_MAIL_URL", "smtp://127.0.0.1:1025")
    assert mail_url(parts) == "smtp://127.0.0.1:1025"
