"""The `dev` profile: what is edited is what answers."""

import shutil
from pathlib import Path

import pytest

from tests.compose.stack import Stack, docker
from tests.support.servers import ROOT
from tests.support.until import until

SOURCES = ("apps", "shared", "migrations", "scripts", "infra")
ASK = (
    "import urllib.request as r;"
    "print(r.urlopen('http://127.0.0.1:8000/v1/openapi.json', timeout=3).read().decode())"
)


@pytest.mark.timeout(200)
async def test_an_edited_file_is_served_without_a_start_by_hand(stack: Stack, place: Path) -> None:
    source = place / "source"
    hidden = shutil.ignore_patterns("__pycache__")
    for name in SOURCES:
        shutil.copytree(ROOT / name, source / name, ignore=hidden)
    shutil.copy(ROOT / "docker-compose.yml", source)
    file = str(source / "docker-compose.yml")
    stack.compose("-f", file, "--profile", "dev", "up", "-d", "--no-deps", "api-dev")

    def serves(title: str) -> bool:
        said = docker("exec", stack.container("api-dev"), "python", "-c", ASK, check=False)
        return f'"title":"{title}"' in said

    await until(lambda: serves("Fortress API"), "the app from this folder", 60)
    main = source / "apps" / "api" / "main.py"
    main.write_text(main.read_text().replace('title="Fortress API"', 'title="Edited"'))
    await until(lambda: serves("Edited"), "the edited app", 60)
    stack.compose("-f", file, "--profile", "dev", "rm", "-sf", "api-dev")
