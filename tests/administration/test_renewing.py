"""FORTRESS_SECRET is replaced, and nothing that is sealed or signed under it is lost."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

import pyotp
import pytest
from sqlalchemy import delete, select, update

from apps.administration import renewing
from apps.administration.audit import chains
from apps.administration.audit.export import ndjson
from apps.administration.audit.keeping import Keeper
from apps.administration.audit.worker import make_keeper
from apps.administration.factors import rules
from apps.administration.factors.service import check_code, make_seal
from apps.administration.mail_entry.asking import LINK, Asked, Asking
from apps.administration.renewing import Kept, Renewal, Row, kept
from apps.administration.settings import AdministrationSettings
from apps.administration.sso.state import SingleSignOn
from shared.auth import audit
from shared.auth.verify import Verified, verify
from shared.db import scoped
from shared.ids import new_id
from shared.jobs import Worker
from shared.mail.base import Letter
from shared.mail.queue import QUEUE, Post
from shared.models import Job, SsoConnection, Totp
from shared.sealed import Seal, Unreadable
from shared.web.services import Services
from tests.support.as_users import as_user
from tests.support.builders import Tenant, make_tenant
from tests.support.people import make_person
from tests.support.sealing import old_form

NEXT, STRANGE = "n" * 40, "x" * 40
LETTER = {"title": "Hello", "text": "Hello.", "link": "https://a.example/", "button": "Go"}


@dataclass
class Outbox:
    sent: list[Letter] = field(default_factory=list)

    async def send(self, letter: Letter) -> None:
        self.sent.append(letter)

    async def close(self) -> None:
        """Nothing is held open."""


class Process:
    """Administration as it runs with these secrets."""

    def __init__(self, services: Services, secret: str, before: str | None = None) -> None:
        given = services.settings.model_dump(exclude_unset=True)
        secrets = {"secret": secret, "secret_before": before}
        settings = AdministrationSettings(**{**given, **secrets})
        self.here = as_user(services, "administration")
        self.seal: Seal = make_seal(settings)
        self.sso = SingleSignOn(settings)
        self.keeper: Keeper = make_keeper(self.here, settings)
        self.post = Post(settings)
        self.asking = Asking(settings, self.post, services.clock)
        self.columns: tuple[Kept, ...] = kept(self.seal, self.sso)
        self.renewal = Renewal(
            self.here.database, settings, self.columns, self.keeper.sealer, self.asking
        )

    async def takes(self, person_id: int, seed: str) -> bool:
        """Whether the code that their authenticator app shows now lets them in."""
        now = self.here.clock.now()
        async with self.here.database.unit_of_work() as session:
            code = pyotp.TOTP(seed).at(now)
            return await check_code(session, person_id, code, now, seal=self.seal) == "totp"

    async def export(self, tenant: Tenant) -> Verified:
        """The audit, verified with the key of this process."""
        chunks = [one async for one in ndjson(self.here.database, self.keeper, tenant.id, 0)]
        return verify(b"".join(chunks).splitlines(keepends=True), key=self.keeper.key)

    async def work(self) -> list[Letter]:
        """The letters that are sent of those that wait."""
        outbox = Outbox()
        handler = self.asking.worker(outbox)
        worker = Worker(self.here.database, self.here.bus, QUEUE, handler, clock=self.here.clock)
        while await worker.work_once():
            pass
        return outbox.sent


@dataclass
class Change:
    """The processes before, in and after a change of the secret."""

    services: Services

    def __post_init__(self) -> None:
        secret = self.services.settings.secret.get_secret_value()
        self.secret = secret
        self.before = Process(self.services, secret)
        self.during = Process(self.services, NEXT, secret)
        self.after = Process(self.services, NEXT)

    async def person(self, sealed: str | None = None) -> tuple[int, str]:
        """Somebody with one-time codes from before, and the seed of these."""
        person = await make_person(self.services.database)
        seed = rules.new_secret()
        text = sealed or self.before.seal.close({"secret": seed}, label=str(person.id))
        await self.add(
            Totp(
                person_id=person.id, secret=text, last_step=-1, created_at=self.services.clock.now()
            )
        )
        return person.id, seed

    async def connection(self) -> tuple[int, str]:
        """An organisation's connection, with its client secret."""
        tenant = await make_tenant(self.services.database)
        name, now = new_id("sso"), self.services.clock.now()
        row = SsoConnection(
            public_id=name,
            org_id=tenant.id,
            issuer="https://provider.example",
            client_id="fortress",
            client_secret=self.before.sso.seal(name, f"secret of {name}"),
            role="viewer",
            created_at=now,
            updated_at=now,
        )
        await self.add(row)
        return tenant.id, f"secret of {name}"

    async def stored(self, org_id: int) -> SsoConnection:
        async with self.services.database.read() as session:
            return (await session.scalars(scoped(org_id, select(SsoConnection)))).one()

    async def seed_of(self, person_id: int) -> str:
        """As it is stored."""
        async with self.services.database.read() as session:
            query = select(Totp.secret).where(Totp.person_id == person_id)
            return (await session.scalars(query)).one()

    async def add(self, row: Any) -> None:
        async with self.services.database.unit_of_work() as session:
            session.add(row)

    async def entry(self, tenant: Tenant) -> None:
        """Something that the audit has."""
        origin = audit.Origin(tenant.id, "key_a", "req_1", "192.0.2.1")
        async with self.services.database.unit_of_work() as session:
            audit.record(
                session, origin, "device.change", "dev_a", at=self.services.clock.now(), after={}
            )


@pytest.fixture
async def change(services: Services) -> AsyncIterator[Change]:
    made = Change(services)
    # What other tests left would be sent, counted, or hold up the end.
    async with services.database.unit_of_work() as session:
        await session.execute(delete(Job).where(Job.queue == QUEUE))
    assert await Process(services, NEXT, made.secret).renewal.once()
    yield made
    # Other tests go on with the secret before: back is a change like any other.
    assert await Process(services, made.secret, NEXT).renewal.once()


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    with caplog.at_level(logging.INFO, "apps.administration.renewing"):
        yield caplog


async def test_one_time_codes_go_on(change: Change) -> None:
    person_id, seed = await change.person()
    assert await change.during.takes(person_id, seed)
    await change.during.renewal.once()
    other, theirs = await change.person()
    assert await change.during.takes(other, theirs)
    await change.during.renewal.once()
    for one in (person_id, other):
        assert change.after.seal.is_current(await change.seed_of(one))


async def test_one_time_codes_are_right_when_the_secret_before_is_gone(change: Change) -> None:
    person_id, seed = await change.person()
    await change.during.renewal.once()
    assert await change.after.takes(person_id, seed)
    # It counts once, as ever.
    assert not await change.after.takes(person_id, seed)


async def test_what_is_sealed_anew_is_nothing_to_the_secret_before(change: Change) -> None:
    person_id, _ = await change.person()
    await change.during.renewal.once()
    with pytest.raises(Unreadable):
        change.before.seal.open(await change.seed_of(person_id), label=str(person_id))


async def test_client_secrets_go_on(change: Change) -> None:
    org_id, secret = await change.connection()
    row = await change.stored(org_id)
    assert (change.during.sso.secret(row), change.after.sso.secret(row)) == (secret, "")
    await change.during.renewal.once()
    anew = await change.stored(org_id)
    assert (change.during.sso.secret(anew), change.after.sso.secret(anew)) == (secret, secret)
    assert anew.updated_at == row.updated_at


@pytest.mark.parametrize("before", [True, False])
async def test_the_form_without_a_key_id_is_sealed_anew_too(
    change: Change, *, before: bool
) -> None:
    person_id, seed = await change.person()
    old = old_form(change.secret, "one-time codes", {"secret": seed}, label=str(person_id))
    async with change.services.database.unit_of_work() as session:
        mine = Totp.person_id == person_id
        await session.execute(update(Totp).where(mine).values(secret=old))
    process = {True: change.during, False: change.before}[before]
    await process.renewal.once()
    assert process.seal.is_current(await change.seed_of(person_id))
    assert await process.takes(person_id, seed)


async def test_more_than_a_step_takes_is_sealed_anew(
    change: Change, monkeypatch: pytest.MonkeyPatch, said: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(renewing, "AT_ONCE", 2)
    people = [await change.person() for _ in range(5)]
    assert await change.during.renewal.once()
    assert "5 seeds of one-time codes were sealed anew" in said.text
    assert "nothing is left that needs FORTRESS_SECRET_BEFORE" in said.text
    for person_id, seed in people:
        assert await change.after.takes(person_id, seed)


async def test_two_processes_do_it_once(change: Change, said: pytest.LogCaptureFixture) -> None:
    people = [await change.person() for _ in range(4)]
    other = Process(change.services, NEXT, change.secret)
    await asyncio.gather(change.during.renewal.once(), other.renewal.once())
    anew = [one for one in said.messages if "seeds" in one and "sealed anew" in one]
    assert sum(int(one.split()[0]) for one in anew) == len(people)
    for person_id, seed in people:
        assert await change.after.takes(person_id, seed)


async def test_a_second_time_there_is_nothing_to_do(
    change: Change, said: pytest.LogCaptureFixture
) -> None:
    person_id, _ = await change.person()
    await change.during.renewal.once()
    text = await change.seed_of(person_id)
    said.clear()
    assert await change.during.renewal.once()
    assert await change.seed_of(person_id) == text
    assert not [one for one in said.messages if "anew" in one]


async def test_what_was_changed_meanwhile_stays(change: Change) -> None:
    person_id, _ = await change.person()
    async with change.services.database.read() as session:
        found = (await session.scalars(select(Totp).where(Totp.person_id == person_id))).one()
    theirs = change.during.seal.close({"secret": rules.new_secret()}, label=str(person_id))
    async with change.services.database.unit_of_work() as session:
        await session.execute(update(Totp).where(Totp.id == found.id).values(secret=theirs))
    column = change.during.columns[0]
    read = Row(found.id, person_id, found.secret)
    async with change.during.here.database.unit_of_work() as session:
        assert not await renewing._replace(session, column, read, "anew")
    assert await change.seed_of(person_id) == theirs


async def test_what_was_changed_meanwhile_is_looked_at_again(
    change: Change, monkeypatch: pytest.MonkeyPatch, said: pytest.LogCaptureFixture
) -> None:
    person_id, seed = await change.person()
    read = await change.seed_of(person_id)
    # A process that has only the secret before comes between.
    async with change.services.database.unit_of_work() as session:
        text = change.before.seal.close({"secret": seed}, label=str(person_id))
        mine = Totp.person_id == person_id
        await session.execute(update(Totp).where(mine).values(secret=text))
        row = (await session.scalars(select(Totp.id).where(mine))).one()

    async def seen(_session: object, column: Kept, _above: int) -> list[Row]:
        return [Row(row, person_id, read)] if column is change.during.columns[0] else []

    with monkeypatch.context() as patch:
        patch.setattr(renewing, "_not_current", seen)
        assert not await change.during.renewal.once()
    assert renewing.CHANGED in said.text
    assert await change.during.renewal.once()
    assert await change.after.takes(person_id, seed)


async def test_a_code_that_counts_meanwhile_still_counts_once(change: Change) -> None:
    person_id, seed = await change.person()
    took, _ = await asyncio.gather(
        change.during.takes(person_id, seed), change.during.renewal.once()
    )
    assert took
    assert not await change.after.takes(person_id, seed)


async def test_what_no_secret_reads_is_left_and_said_once(
    change: Change, said: pytest.LogCaptureFixture
) -> None:
    strange = Seal(STRANGE, "one-time codes").close({"secret": "a"}, label="1")
    person_id, _ = await change.person(strange)
    whole, _ = await change.person()
    assert await change.during.renewal.once()
    assert await change.during.renewal.once()
    warned = [one for one in said.messages if "readable neither" in one]
    assert sum("seeds" in one for one in warned) == 1
    assert await change.seed_of(person_id) == strange
    assert change.after.seal.is_current(await change.seed_of(whole))
    assert not [word for word in (strange, NEXT, change.secret) if word in said.text]


async def test_without_a_secret_before_nothing_is_said_of_it(
    change: Change, said: pytest.LogCaptureFixture
) -> None:
    assert await change.after.renewal.once()
    assert "take it away" not in said.text


async def test_a_letter_that_waits_is_sent(change: Change, said: pytest.LogCaptureFixture) -> None:
    async with change.services.database.unit_of_work() as session:
        await change.before.post.put(
            session,
            "link",
            "ann@example.com",
            key=new_id("ltr"),
            now=change.services.clock.now(),
            otherwise="",
            **LETTER,
        )
    assert not await change.during.renewal.once()
    assert renewing.LETTERS in said.text
    assert [letter.subject for letter in await change.during.work()] == ["Hello"]
    assert await change.during.renewal.once()


async def test_a_link_that_was_asked_for_is_sent(change: Change) -> None:
    person = await make_person(change.services.database)
    asked = Asked(LINK, person.email, "https://administration.example/sign-in/link")
    async with change.services.database.unit_of_work() as session:
        await change.before.asking.note(session, asked)
    assert not await change.during.renewal.once()
    assert [letter.to for letter in await change.during.work()] == [person.email]
    assert await change.during.renewal.once()


async def test_the_audit_goes_on_and_one_key_signs_it(change: Change) -> None:
    tenant = await make_tenant(change.services.database)
    await change.entry(tenant)
    assert (await change.before.export(tenant)).entries == 1
    # Nothing came since: the end is signed all the same.
    assert (await change.during.export(tenant)).entries == 1
    await change.entry(tenant)
    assert (await change.during.export(tenant)).entries == 2


async def test_an_audit_without_new_entries_is_signed_anew(change: Change) -> None:
    busy, quiet = [await make_tenant(change.services.database) for _ in range(2)]
    for tenant in (busy, quiet):
        await change.entry(tenant)
        await change.before.keeper.sealer.seal(tenant.id)
    assert await change.during.renewal.once()
    await change.entry(quiet)
    for tenant, count in ((busy, 1), (quiet, 2)):
        assert (await change.after.export(tenant)).entries == count


async def test_every_audit_is_signed_anew_a_few_at_a_time(
    change: Change, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.administration.audit.sealing.AT_ONCE", 2)
    tenants = [await make_tenant(change.services.database) for _ in range(5)]
    for tenant in tenants:
        await change.entry(tenant)
        await change.before.keeper.sealer.seal(tenant.id)
    assert await change.during.keeper.sealer.sign_anew() >= len(tenants)
    assert await change.during.keeper.sealer.sign_anew() == 0
    for tenant in tenants:
        assert (await change.after.export(tenant)).entries == 1


async def test_ends_that_neither_secret_signed_are_not_signed(change: Change) -> None:
    tenant = await make_tenant(change.services.database)
    await change.entry(tenant)
    await Process(change.services, STRANGE).keeper.sealer.seal(tenant.id)
    async with change.services.database.read() as session:
        forged = await chains.find(session, tenant.id)
    await change.during.renewal.once()
    async with change.services.database.read() as session:
        found = await chains.find(session, tenant.id)
    assert forged is not None
    assert found is not None
    assert (found.last, found.signature) == (1, forged.signature)


async def test_it_begins_when_older_processes_are_gone(
    change: Change, monkeypatch: pytest.MonkeyPatch
) -> None:
    person_id, _ = await change.person()
    monkeypatch.setattr(renewing, "EVERY_S", 3_600)
    stop = asyncio.Event()
    running = asyncio.create_task(renewing.renewing(change.during.renewal)(stop))
    stop.set()
    await running
    assert change.before.seal.is_current(await change.seed_of(person_id))


async def test_it_is_done_again_and_again(change: Change, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renewing, "EVERY_S", 0.001)
    stop, rounds = asyncio.Event(), 0

    async def once() -> bool:
        nonlocal rounds
        rounds += 1
        if rounds == 2:
            stop.set()
        return True

    monkeypatch.setattr(change.during.renewal, "once", once)
    await renewing.renewing(change.during.renewal)(stop)
    assert rounds == 2
