import re
import socket
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from apps.api.main import create_app
from apps.cli.main import run
from migrations.run import head
from shared.db import Database, scoped
from shared.ids import digest, new_id
from shared.models import AuditEntry, DeviceCredential, Organisation
from shared.web.services import Services
from tests.apps.cli.conftest import Fortress
from tests.support.http import client


@pytest.fixture
def org(fortress: Fortress) -> str:
    found: str = fortress("org", "create", new_id("Harbour"), "--json").document["id"]
    return found


@pytest.fixture
def busy_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


async def audited(database: Database, org: str) -> list[tuple[str, str, str]]:
    async with database.read() as session:
        number = await session.scalar(select(Organisation.id).where(Organisation.public_id == org))
        assert number is not None
        entries = await session.scalars(scoped(number, select(AuditEntry).order_by(AuditEntry.id)))
        return [(entry.actor, entry.action, entry.target) for entry in entries]


@pytest.mark.parametrize(
    "command",
    [
        [],
        *([name] for name in ("up", "migrate", "simulate", "replay", "doctor")),
        *([name] for name in ("org", "key", "device")),
        *([*pair.split()] for pair in ("org create", "org list", "key create", "device create")),
        ["device", "import"],
    ],
)
def test_every_command_has_a_help_text(
    command: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    assert run([*command, "--help"]) == 0
    text = capsys.readouterr().out
    assert "Usage: fortress" in text
    assert "fortress" in text.split("Options")[-1] or "Commands" in text
    assert "Commands" in text or "--json" in text


async def test_an_organisation_is_created_and_audited(
    fortress: Fortress, org: str, database: Database
) -> None:
    assert org.startswith("org_")
    assert org in fortress("org", "list").out
    assert await audited(database, org) == [("cli", "organisation.create", org)]


async def test_a_key_opens_the_api(
    fortress: Fortress, org: str, services: Services, database: Database
) -> None:
    made = fortress(
        "key", "create", "--org", org, "--scope", "devices:read", "--expires", "90d", "--json"
    ).document
    headers = {"Authorization": f"Bearer {made['key']}"}
    async with client(create_app(services=services), "api") as http:
        assert (await http.get("/v1/devices", headers=headers)).status_code == 200
        made_device = await http.post("/v1/devices", headers=headers, json={"uid": "a"})
        assert made_device.status_code == 403
    assert (await audited(database, org))[-1] == ("cli", "key.create", made["id"])


async def test_a_device_is_created_with_a_token_that_is_stored_as_its_hash(
    fortress: Fortress, org: str, database: Database
) -> None:
    made = fortress("device", "create", "pump-7", "--org", org, "--tag", "cellar", "--json")
    token = made.document["token"]
    async with database.read() as session:
        found = await session.scalar(
            select(DeviceCredential.id).where(DeviceCredential.token_hash == digest(token))
        )
    assert token.startswith("dt_")
    assert found is not None
    assert (await audited(database, org))[-1] == ("cli", "device.create", made.document["id"])


def test_people_are_told_that_a_secret_is_shown_once(fortress: Fortress, org: str) -> None:
    assert "shown this once" in fortress("device", "create", "a", "--org", org).out
    assert "shown this once" in fortress("key", "create", "--org", org).out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["device", "create", "taken"], "has this uid"),
        (["device", "create", "a\tb"], "uid"),
        (["device", "create", "x", "--profile", "pump"], "no profile pump"),
        (["key", "create", "--scope", "everything"], "no scope everything"),
        (["key", "create", "--expires", "soon"], "--expires"),
        (["key", "create", "--expires", "2001-01-01T00:00:00Z"], "is over"),
        (["device", "import", "/absent.csv"], "/absent.csv cannot be read"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    fortress: Fortress, org: str, arguments: list[str], said: str
) -> None:
    fortress("device", "create", "taken", "--org", org)
    outcome = fortress(*arguments, "--org", org, "--json")
    assert outcome.code == 1
    assert outcome.out == ""
    assert said in outcome.err
    assert outcome.err.count("\n") == 1


def test_an_unknown_organisation_is_named(fortress: Fortress) -> None:
    outcome = fortress("device", "create", "a", "--org", "Nowhere")
    assert (outcome.code, outcome.err.strip()) == (
        1,
        "there is no organisation Nowhere; see `fortress org list`",
    )


def test_a_name_that_two_organisations_have_is_not_enough(fortress: Fortress) -> None:
    name = new_id("twin")
    fortress("org", "create", name)
    fortress("org", "create", name)
    assert "say the id" in fortress("device", "create", "a", "--org", name).err


def import_file(tmp_path: Path) -> Path:
    path = tmp_path / "fleet.csv"
    path.write_bytes(
        b"\xef\xbb\xbfuid;name;tags;colour\na-1;A;x|y;red\n;B;;\na-1;C;;\n\nb-2;D;;blue;far\nc-3;;;\n"
    )
    return path


def test_an_import_makes_the_good_rows_and_reports_the_others(
    fortress: Fortress, org: str, tmp_path: Path
) -> None:
    outcome = fortress("device", "import", import_file(tmp_path), "--org", org, "--json")
    found = outcome.document
    assert outcome.code == 1
    assert [(item["line"], item["uid"]) for item in found["devices"]] == [(2, "a-1"), (7, "c-3")]
    assert all(item["token"].startswith("dt_") for item in found["devices"])
    assert [error["line"] for error in found["errors"]] == [3, 4, 6]
    assert found["ignored_columns"] == ["colour"]


def test_tokens_are_printed_whole_however_narrow_the_terminal(
    fortress: Fortress, org: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    outcome = fortress("device", "import", import_file(tmp_path), "--org", org)
    assert [len(token) for token in re.findall(r"dt_\S+", outcome.out)] == [46, 46]
    assert "…" not in outcome.out


async def test_a_dry_run_writes_nothing(
    fortress: Fortress, org: str, tmp_path: Path, database: Database
) -> None:
    path = import_file(tmp_path)
    dry = fortress("device", "import", path, "--org", org, "--dry-run", "--json").document
    assert [item["token"] for item in dry["devices"]] == [None, None]
    assert len(await audited(database, org)) == 1
    wet = fortress("device", "import", path, "--org", org, "--json").document
    assert len(wet["devices"]) == 2
    assert wet["errors"][0] == dry["errors"][0]


def test_a_revision_that_there_is_not_is_one_sentence(fortress: Fortress) -> None:
    outcome = fortress("migrate", "--to", "9999")
    assert outcome.code == 1
    assert outcome.err.startswith("no way to revision 9999")
    assert outcome.err.count("\n") == 1


def test_a_database_of_a_newer_version_is_one_sentence(
    fortress: Fortress, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FORTRESS_DATABASE_URL")
    assert fortress("migrate").code == 0
    with sqlite3.connect(tmp_path / "fortress.db") as newer:
        newer.execute("UPDATE alembic_version SET version_num = '9999'")
    newer.close()
    said = f"the database is at 9999, this version needs {head()}; it was made by a newer Fortress"
    for command in (["migrate"], ["org", "list"]):
        outcome = fortress(*command)
        assert outcome.code == 1
        assert outcome.err.startswith(said)
        assert outcome.err.count("\n") == 1


def test_migrating_says_from_where_to_where(
    fortress: Fortress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FORTRESS_DATABASE_URL")
    assert "run `fortress migrate`" in fortress("org", "list").err
    assert fortress("migrate", "--json").document == {"from": None, "to": head()}
    assert fortress("migrate", "--json").document == {"from": head(), "to": head()}
    assert fortress("org", "list").code == 0


@pytest.mark.parametrize("command", [["org", "list"], ["migrate"]])
def test_a_database_that_does_not_answer_is_one_sentence(
    command: list[str], fortress: Fortress, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"mysql+aiomysql://root@127.0.0.1:{closed_port()}/nothing"
    monkeypatch.setenv("FORTRESS_DATABASE_URL", url)
    outcome = fortress(*command)
    assert outcome.code == 1
    assert "the database does not answer" in outcome.err
    assert outcome.err.count("\n") == 1


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def findings(fortress: Fortress, code: int) -> dict[str, dict[str, Any]]:
    outcome = fortress("doctor", "--json")
    assert outcome.code == code
    return {item["name"]: item for item in outcome.document["findings"]}


def test_the_doctor_finds_a_healthy_installation_well(
    fortress: Fortress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORT", str(closed_port()))
    monkeypatch.setenv("TCP_PORT", str(closed_port()))
    found = findings(fortress, 0)
    assert [item["name"] for item in found.values() if not item["ok"]] == []
    assert len(found) == 8
    assert fortress("doctor").out.count("ok") >= 8


def test_the_doctor_says_what_to_do(
    fortress: Fortress, busy_port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("FORTRESS_DATABASE_URL", f"sqlite+aiosqlite:///{tmp_path}/empty.db")
    monkeypatch.setenv("FORTRESS_BUS_URL", f"redis://127.0.0.1:{closed_port()}/0")
    monkeypatch.setenv("FORTRESS_STORAGE_URL", f"file://{tmp_path}/file/x")
    monkeypatch.setenv("PORT", str(busy_port))
    monkeypatch.setenv("TCP_PORT", str(busy_port))
    found = findings(fortress, 1)
    assert [name for name, item in found.items() if not item["ok"]] == [
        "tables",
        "bus",
        "storage",
        "web port",
        "device port",
    ]
    assert found["tables"]["advice"] == "run `fortress migrate`"
    assert "PORT" in found["web port"]["advice"]


def test_the_doctor_names_a_setting_that_is_wrong(
    fortress: Fortress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORTRESS_DATABASE_URL", "postgres://x")
    assert "FORTRESS_DATABASE_URL" in findings(fortress, 1)["settings"]["said"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["simulate"], "an API key is needed"),
        (["simulate", "--faults", "gremlins"], "gremlins"),
        (["replay", "/absent.csv"], "/absent.csv cannot be read"),
        (["replay", __file__, "--map", "nowhere"], "neither a ready mapping"),
    ],
)
def test_a_fleet_that_cannot_start_says_why(
    fortress: Fortress, arguments: list[str], said: str
) -> None:
    outcome = fortress(*arguments)
    assert outcome.code == 1
    assert said in outcome.err


APART = {
    "DATABASE_URL": "mysql+aiomysql://someone@127.0.0.1:1/fortress",
    "DATABASE_PASSWORD": "hunter2",
    "BUS_URL": "rediss://127.0.0.1:1/0",
    "BUS_PASSWORD": "hunter2",
}
INSIDE = {
    "DATABASE_URL": "mysql+aiomysql://someone:hunter2@127.0.0.1:1/fortress",
    "BUS_URL": "redis://:hunter2@127.0.0.1:1/0",
}


@pytest.mark.parametrize("given", [APART, INSIDE])
def test_the_doctor_shows_no_password(
    fortress: Fortress, monkeypatch: pytest.MonkeyPatch, given: dict[str, str]
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(f"FORTRESS_{name}", value)
    done = fortress("doctor", "--json")
    assert done.code == 1
    assert "hunter2" not in done.out + done.err
