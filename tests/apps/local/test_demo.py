"""What a newcomer finds is made once and found again."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from apps.local import demo
from apps.local.demo import Demo, Wanted
from apps.local.secrets import Secrets, read, write
from shared.auth import keys
from shared.auth.passwords import Passwords, check
from shared.auth.scopes import SCOPES
from shared.clock import SystemClock
from shared.db import Database
from shared.ids import digest, new_id
from shared.models import (
    ApiKey,
    AuditEntry,
    Device,
    DeviceCredential,
    DeviceProfile,
    DeviceState,
    Organisation,
    Person,
)

KINDS: dict[str, dict[str, Any]] = {"Room": {"temp": {"type": "number", "unit": "°C"}}}
WANTED = [Wanted("room-1", "Room"), Wanted("room-2", "Room")]


@pytest.fixture
async def file(database: Database, tmp_path: Path) -> Path:
    """A secrets file that names an organisation of this test's own."""
    organisation = Organisation(name=new_id("name"), created_at=SystemClock().now())
    async with database.unit_of_work() as session:
        session.add(organisation)
    write(tmp_path / "demo.json", Secrets(organisation=organisation.public_id))
    return tmp_path / "demo.json"


async def prepare(database: Database, file: Path, wanted: list[Wanted] = WANTED) -> Demo:
    return await demo.prepare(database, SystemClock(), file, KINDS, wanted)


async def rows_of(database: Database, model: Any, organisation: str) -> list[Any]:
    query = select(model).join(Organisation, Organisation.id == model.org_id)
    async with database.read() as session:
        return list(await session.scalars(query.where(Organisation.public_id == organisation)))


async def test_the_key_may_do_everything(database: Database, file: Path) -> None:
    made = await prepare(database, file)
    async with database.read() as session:
        principal, _ = await keys.authenticate(session, made.key, SystemClock().now())
    assert principal.permissions == set(SCOPES)
    assert principal.org_public_id == made.organisation


async def opens(database: Database, password: str | None) -> bool:
    """Whether it is the password of the demo's owner."""
    async with database.read() as session:
        stored = await session.scalar(
            select(Person.password_hash).where(Person.email == demo.EMAIL)
        )
    passwords = Passwords()
    verdict = await passwords.verify(stored, password or "")
    passwords.close()
    return verdict.right


async def test_its_owner_has_the_same_password_at_the_second_start(
    database: Database, file: Path
) -> None:
    made = await prepare(database, file)
    assert made.password is not None
    check(made.password)
    assert await opens(database, made.password)
    assert (await prepare(database, file)).password == made.password


async def test_a_password_that_its_owner_has_set_stays(database: Database, file: Path) -> None:
    made = await prepare(database, file)
    async with database.unit_of_work() as session:
        await session.execute(
            update(Person)
            .where(Person.email == demo.EMAIL)
            .values(password_hash="theirs", password_changed_at=SystemClock().now())
        )
    for _ in range(2):
        assert (await prepare(database, file)).password is None
    assert not await opens(database, made.password)
    write(file, Secrets(organisation=made.organisation))
    assert await opens(database, (await prepare(database, file)).password)


async def test_devices_have_a_profile_a_state_and_the_token_that_is_given(
    database: Database, file: Path
) -> None:
    made = await prepare(database, file)
    devices = await rows_of(database, Device, made.organisation)
    profiles = await rows_of(database, DeviceProfile, made.organisation)
    states = await rows_of(database, DeviceState, made.organisation)
    credentials = await rows_of(database, DeviceCredential, made.organisation)
    assert {device.uid for device in devices} == {"room-1", "room-2"}
    assert {device.profile_id for device in devices} == {profile.id for profile in profiles}
    assert {state.device_id for state in states} == {device.id for device in devices}
    assert {row.token_hash for row in credentials} == {digest(t) for t in made.tokens.values()}


async def test_a_second_start_changes_nothing(database: Database, file: Path) -> None:
    first = await prepare(database, file)
    counted = await count(database, first.organisation)
    assert await prepare(database, file) == first
    assert await count(database, first.organisation) == counted


async def test_every_change_is_in_the_audit(database: Database, file: Path) -> None:
    made = await prepare(database, file)
    entries = await rows_of(database, AuditEntry, made.organisation)
    assert sorted(entry.action for entry in entries) == [
        "device.create",
        "device.create",
        "key.create",
        "profile.create",
    ]


async def test_a_lost_file_is_made_again_with_new_secrets(database: Database, file: Path) -> None:
    first = await prepare(database, file)
    write(file, Secrets(organisation=first.organisation))
    second = await prepare(database, file)
    assert second.organisation == first.organisation
    assert second.key != first.key
    assert set(second.tokens.values()).isdisjoint(first.tokens.values())
    assert len(await rows_of(database, Device, first.organisation)) == len(WANTED)


async def test_a_revoked_key_is_replaced(database: Database, file: Path) -> None:
    first = await prepare(database, file)
    async with database.unit_of_work() as session:
        row = await session.scalar(select(ApiKey).where(ApiKey.prefix == first.key.split("_")[1]))
        assert row is not None
        row.revoked_at = SystemClock().now()
    assert (await prepare(database, file)).key != first.key


async def test_a_key_of_another_organisation_is_replaced(
    database: Database, file: Path, tmp_path: Path
) -> None:
    other = await prepare(database, file)
    organisation = Organisation(name=new_id("name"), created_at=SystemClock().now())
    async with database.unit_of_work() as session:
        session.add(organisation)
    mixed = tmp_path / "mixed.json"
    write(mixed, Secrets(organisation.public_id, other.key, other.tokens))
    made = await prepare(database, mixed)
    assert made.organisation == organisation.public_id
    assert made.key != other.key
    assert set(made.tokens.values()).isdisjoint(other.tokens.values())


async def test_a_deleted_device_comes_back_with_a_new_token(database: Database, file: Path) -> None:
    first = await prepare(database, file)
    async with database.unit_of_work() as session:
        row = await session.scalar(
            select(Device)
            .join(Organisation, Organisation.id == Device.org_id)
            .where(Organisation.public_id == first.organisation, Device.uid == "room-1")
        )
        assert row is not None
        row.gone = row.id
    second = await prepare(database, file)
    assert second.tokens["room-1"] != first.tokens["room-1"]
    assert second.tokens["room-2"] == first.tokens["room-2"]


async def test_tokens_of_devices_not_wanted_now_are_kept(database: Database, file: Path) -> None:
    first = await prepare(database, file)
    await prepare(database, file, WANTED[:1])
    assert read(file).tokens == first.tokens
    assert await prepare(database, file) == first


async def count(database: Database, organisation: str) -> list[int]:
    models = (ApiKey, AuditEntry, Device, DeviceCredential, DeviceProfile, DeviceState)
    return [len(await rows_of(database, model, organisation)) for model in models]


async def test_without_a_file_there_is_one_demo(database: Database, tmp_path: Path) -> None:
    first = await prepare(database, tmp_path / "one.json", [])
    second = await prepare(database, tmp_path / "two.json", [])
    assert first.organisation == second.organisation
    async with database.read() as session:
        query = select(func.count()).where(Organisation.name == demo.NAME)
        assert await session.scalar(query) == 1
