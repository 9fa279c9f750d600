"""The chain of the audit: sealing, exporting, verifying, keeping; and what is found by it."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, func, select, update

from apps.administration.audit import chains, keeping
from apps.administration.audit.export import ndjson
from apps.administration.audit.keeping import Keeper
from apps.administration.audit.sealing import Sealer
from apps.administration.audit.worker import make_keeper
from apps.administration.settings import AdministrationSettings
from shared.auth import audit
from shared.auth.signing import Signer
from shared.auth.verify import Broken, verify
from shared.clock import from_ms
from shared.db import scoped
from shared.models import AuditChain, AuditEntry, AuditPersonal, AuditSeal, Organisation
from shared.web.services import Services
from tests.administration.signed_in import signed_in
from tests.support.as_users import as_user
from tests.support.builders import Tenant, make_tenant

T0 = 1_763_740_800_000


@pytest.fixture
def keeper(services: Services) -> Keeper:
    own = as_user(services, "administration")
    return make_keeper(own, own.settings_as(AdministrationSettings))


async def _change(services: Services, tenant: Tenant, count: int = 1, **values: Any) -> None:
    """So many entries, a transaction each."""
    origin = audit.Origin(tenant.id, values.pop("actor", "key_a"), "req_1", "192.0.2.1")
    at = values.pop("at", from_ms(T0))
    for number in range(count):
        async with services.database.unit_of_work() as session:
            after = values or {"n": number}
            audit.record(session, origin, "device.change", "dev_a", at=at, after=after)


async def _lines(services: Services, keeper: Keeper, tenant: Tenant, after: int = 0) -> list[bytes]:
    own = as_user(services, "administration")
    chunks = [one async for one in ndjson(own.database, keeper, tenant.id, after)]
    return b"".join(chunks).splitlines(keepends=True)


async def _in_database(services: Services, *statements: Any) -> None:
    """As somebody who has the database does it, past every app."""
    async with services.database.unit_of_work() as session:
        for statement in statements:
            await session.execute(statement)


async def test_an_export_holds_and_has_every_entry(services: Services, keeper: Keeper) -> None:
    tenant = await make_tenant(services.database)
    await _change(services, tenant, 3)
    found = verify(await _lines(services, keeper, tenant), key=keeper.key)
    assert (found.entries, found.end.organisation, found.end.sequence) == (3, tenant.public_id, 3)


async def test_an_export_of_nothing_holds(services: Services, keeper: Keeper) -> None:
    tenant = await make_tenant(services.database)
    found = verify(await _lines(services, keeper, tenant))
    assert (found.entries, found.end.sequence) == (0, 0)


async def test_entries_that_commit_in_another_order_than_their_numbers_are_all_sealed(
    services: Services, keeper: Keeper
) -> None:
    tenant = await make_tenant(services.database)
    async with services.database.read() as session:
        newest = await chains.newest_number(session)
    for number, action in ((newest + 2, "first"), (newest + 1, "late")):
        entry = AuditEntry(id=number, org_id=tenant.id, at=from_ms(T0), actor="key_a")
        entry.action, entry.target = action, "dev_a"
        async with services.database.unit_of_work() as session:
            session.add(entry)
        await keeper.sealer.seal_all(services.clock.now())
    lines = await _lines(services, keeper, tenant)
    assert verify(lines, key=keeper.key).entries == 2
    assert [b'"late"' in line for line in lines[1:3]] == [False, True]


async def test_two_sealers_at_once_give_each_entry_one_place(
    services: Services, keeper: Keeper
) -> None:
    tenant = await make_tenant(services.database)
    await _change(services, tenant, 5)
    await asyncio.gather(*(keeper.sealer.seal(tenant.id) for _ in range(4)))
    assert verify(await _lines(services, keeper, tenant), key=keeper.key).entries == 5


async def test_the_worker_seals_every_organisation(services: Services, keeper: Keeper) -> None:
    tenants = [await make_tenant(services.database) for _ in range(2)]
    now = services.clock.now()
    await keeper.sealer.seal_all(now)
    for tenant in tenants:
        await _change(services, tenant)
    assert await keeper.sealer.seal_all(now) >= 2
    async with services.database.read() as session:
        ends = [await chains.find(session, tenant.id) for tenant in tenants]
    assert [end and end.last for end in ends] == [1, 1]


async def test_a_file_goes_on_where_another_ends(services: Services, keeper: Keeper) -> None:
    tenant = await make_tenant(services.database)
    await _change(services, tenant, 2)
    first = verify(await _lines(services, keeper, tenant))
    await _change(services, tenant, 2)
    second = verify(await _lines(services, keeper, tenant, after=2), follows=first.end)
    assert (second.start, second.entries, second.end.sequence) == (first.end, 2, 4)


Tamper = Callable[[int, int], Any]


@pytest.mark.parametrize(
    ("tamper", "line", "why"),
    [
        (
            lambda org, entry: (
                scoped(org, update(AuditEntry))
                .where(AuditEntry.id == entry)
                .values(actor="key_other")
            ),
            3,
            "was changed",
        ),
        (
            lambda org, entry: (
                scoped(org, update(AuditEntry))
                .where(AuditEntry.id == entry)
                .values(org_id=select(func.max(Organisation.id)).scalar_subquery())
            ),
            3,
            "was removed",
        ),
        (
            lambda org, entry: scoped(org, delete(AuditSeal)).where(AuditSeal.entry_id == entry),
            3,
            "entry 3 follows entry 1",
        ),
        (
            lambda org, entry: (
                scoped(org, update(AuditSeal))
                .where(AuditSeal.entry_id == entry)
                .values(hash=b"\1" * 32)
            ),
            3,
            "was changed",
        ),
        (
            lambda org, _: scoped(org, update(AuditChain)).values(last=2, head=b"\1" * 32),
            4,
            "or they differ in its hash",
        ),
        (
            lambda org, _: scoped(org, update(AuditChain)).values(signature=None),
            5,
            "is not signed",
        ),
    ],
    ids=["changed", "taken away", "unsealed", "resealed", "cut off", "unsigned"],
)
async def test_what_is_changed_in_the_database_is_found(
    services: Services, keeper: Keeper, tamper: Tamper, line: int, why: str
) -> None:
    tenant = await make_tenant(services.database)
    await make_tenant(services.database)  # where an entry may be taken away to
    await _change(services, tenant, 3)
    await keeper.sealer.seal(tenant.id)
    async with services.database.read() as session:
        query = scoped(tenant.id, select(AuditSeal.entry_id).where(AuditSeal.sequence == 2))
        second = (await session.scalars(query)).one()
    await _in_database(services, tamper(tenant.id, second))
    with pytest.raises(Broken, match=why) as broken:
        verify(await _lines(services, keeper, tenant), key=keeper.key)
    assert broken.value.line == line


async def test_nobody_without_the_secret_makes_a_chain_of_their_own(
    services: Services, keeper: Keeper
) -> None:
    tenant = await make_tenant(services.database)
    await _change(services, tenant)
    forger = Keeper(Sealer(services.database, Signer("x" * 32)), Signer("x" * 32).public, 400)
    await forger.sealer.seal(tenant.id)
    await _change(services, tenant)
    lines = await _lines(services, keeper, tenant)
    with pytest.raises(Broken, match="not signed by"):
        verify(lines, key=keeper.key)
    async with services.database.read() as session:
        end = await chains.find(session, tenant.id)
    assert end is not None
    assert end.last == 1  # the real one did not go on from it


async def test_a_chain_goes_on_when_the_secret_was_changed(
    services: Services, keeper: Keeper
) -> None:
    tenant = await make_tenant(services.database)
    await _change(services, tenant)
    await keeper.sealer.seal(tenant.id)
    signer = Signer("y" * 32)
    after = Keeper(Sealer(services.database, signer, [keeper.key]), signer.public, 400)
    await _change(services, tenant)
    assert verify(await _lines(services, after, tenant), key=signer.public).entries == 2


async def test_what_is_old_goes_and_the_rest_is_verified(
    services: Services, keeper: Keeper
) -> None:
    tenant = await make_tenant(services.database)
    now = services.clock.now()
    await _change(services, tenant, 3, at=now - timedelta(days=401), actor="usr_a")
    await _change(services, tenant, 2, at=now - timedelta(days=399), actor="usr_a")
    whole = verify(await _lines(services, keeper, tenant))
    await keeping.prune_all(as_user(services, "administration").database, keeper, now)
    lines = await _lines(services, keeper, tenant)
    found = verify(lines, key=keeper.key)
    assert (found.start.sequence, found.entries, found.end) == (3, 2, whole.end)
    async with services.database.read() as session:
        left = (await session.scalars(scoped(tenant.id, select(AuditPersonal)))).all()
    assert len(left) == 2


async def test_an_organisation_may_keep_its_audit_for_longer(
    services: Services, keeper: Keeper
) -> None:
    tenant = await make_tenant(services.database)
    now = services.clock.now()
    await _change(services, tenant, at=now - timedelta(days=500))
    await keeper.sealer.seal(tenant.id)
    async with services.database.unit_of_work() as session:
        (await chains.hold(session, tenant.id)).keep_days = 600
    await keeping.prune_all(as_user(services, "administration").database, keeper, now)
    assert verify(await _lines(services, keeper, tenant)).entries == 1


async def test_what_is_personal_is_shown_until_it_is_erased(
    services: Services, keeper: Keeper
) -> None:
    async with signed_in(services) as (http, tenant):
        await _change(services, tenant, actor="usr_a", email="a@example.com", n=1)
        before = (await http.get("/v1/audit")).json()["items"][0]
        whole = verify(await _lines(services, keeper, tenant))
        await _in_database(services, scoped(tenant.id, delete(AuditPersonal)))
        after = (await http.get("/v1/audit")).json()["items"][0]
        lines = await _lines(services, keeper, tenant)
    assert (before["address"], before["after"]) == ("192.0.2.1", {"n": 1, "email": "a@example.com"})
    assert (after["address"], after["after"]) == (None, {"n": 1, "email": None})
    assert after["erased"] == ["address", "after.email"]
    assert b"example.com" not in b"".join(lines)
    found = verify(lines, key=keeper.key)
    assert (found.end, found.erased) == (whole.end, 2)


async def test_the_export_is_had_over_http_and_says_where_the_chain_is(services: Services) -> None:
    async with signed_in(services) as (http, tenant):
        await _change(services, tenant, 2)
        answer = await http.get("/v1/audit/export")
        chain = (await http.get("/v1/audit/chain")).json()
        beyond = await http.get("/v1/audit/export", params={"after": 3})
    assert answer.headers["content-type"] == "application/x-ndjson"
    found = verify(answer.content.splitlines(keepends=True), key=chain["key"])
    assert chain | {"key": ""} == {
        "first": 1,
        "last": 2,
        "head": found.end.hash,
        "key": "",
        "signed": True,
        "keep_days": 400,
    }
    assert (beyond.status_code, beyond.json()["code"]) == (422, "after_the_end")


async def test_a_long_audit_goes_out_a_page_at_a_time(services: Services, keeper: Keeper) -> None:
    tenant = await make_tenant(services.database)
    origin = audit.Origin(tenant.id, "key_a")
    afters = {f"dev_{number}": {"n": number} for number in range(450)}
    async with services.database.unit_of_work() as session:
        await audit.record_all(session, origin, "device.import", afters, at=from_ms(T0))
    chunks = [one async for one in ndjson(services.database, keeper, tenant.id, 0)]
    assert verify(b"".join(chunks).splitlines(keepends=True)).entries == 450
    assert [chunk.count(b"\n") for chunk in chunks] == [1, 200, 200, 50, 1]
