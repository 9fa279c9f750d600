"""An organisation that has two of everything that requests can name."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from shared.auth import sessions
from shared.auth.keys import make_key
from shared.auth.sessions import Lifetimes
from shared.clock import to_ms
from shared.ids import digest, new_id, new_secret
from shared.models import (
    AuditEntry,
    Base,
    DeadLetter,
    Device,
    DeviceEvent,
    DeviceGroup,
    DeviceGroupDevice,
    DeviceProfile,
    DeviceState,
    DeviceTag,
    EarningRule,
    Entry,
    Invitation,
    Lot,
    MailDomain,
    Member,
    Membership,
    MemberTag,
    Meter,
    Organisation,
    Passkey,
    Person,
    Programme,
    Reading,
    ReportRun,
    Role,
    ServiceAccount,
    SsoConnection,
    SsoIdentity,
    SupportGrant,
    UsageDevice,
    UsageEvent,
    UsageHour,
)
from tests.isolation.things import Things

# What a role of the organisation's own may do: of each thing something, of none everything.
CUSTOM = frozenset({"devices:read", "readings:write", "audit:read", "people:read", "usage:write"})
HOUR_MS = 3_600_000
EVENT = "session.completed"
PAGE = 101
# Columns with what an organisation calls its things, or what they are known by.
_TELLING = ("public_id", "name", "uid", "email", "tag", "code", "detail", "reason", "target")
# Made up here, so that it is in no answer by chance.
_OURS = re.compile(r"[0-9A-Z]{26}", re.IGNORECASE)
Row = TypeVar("Row", bound=Base)


@dataclass(frozen=True)
class Made:
    """An organisation: its number, what requests name, and what nobody else may see.

    `custom`: a role of its own, which members have. `files`: what storage has to have for it.
    """

    org_id: int
    things: Things
    custom: str
    secrets: frozenset[str]
    files: list[str]
    # The group that the device is in, by its number. What is of the other device, by what it
    # stands for, and all of that besides.
    group_id: int
    unseen: dict[str, str]
    unseen_secrets: frozenset[str]


async def make_organisation(session: AsyncSession, now: datetime) -> Made:
    """A new organisation with two of everything, and more of what is listed by the page."""
    seed = _Seed(session, now)
    org = await seed.add(Organisation(name=_name("organisation"), created_at=now))
    found = {"organisation": org.public_id}
    for part in (_people, _access, _sign_on, _fleet, _billing, _loyalty, _runs):
        found |= await part(seed, org.id)
    custom = found.pop("custom")
    await _many(seed, org.id)
    return Made(
        org.id,
        Things(**found),
        custom,
        frozenset(seed.secrets),
        seed.files,
        seed.group_id,
        seed.unseen,
        frozenset(seed.unseen.values()) | frozenset(seed.unseen_names),
    )


def new_person(now: datetime) -> Person:
    return Person(
        email=f"{new_id('p').lower()}@example.com",
        name=_name("person"),
        created_at=now,
        mail_proved_at=now,
    )


class _Seed:
    """Adds rows, and notes what they are called."""

    def __init__(self, session: AsyncSession, now: datetime) -> None:
        self.session = session
        self.now = now
        self.secrets: set[str] = set()
        self.devices: list[Device] = []
        self.people: list[Person] = []
        self.group_id = 0
        self.unseen: dict[str, str] = {}
        self.unseen_names: list[str] = []
        self.files: list[str] = []

    async def add(self, row: Row, *more: Base) -> Row:
        """The first row, with its number."""
        self.session.add_all([row, *more])
        await self.session.flush()
        for one in (row, *more):
            values = (getattr(one, column, None) for column in _TELLING)
            self.secrets |= {text for text in values if text and _OURS.search(text)}
        return row


async def _people(seed: _Seed, org_id: int) -> dict[str, str]:
    now = seed.now
    people = seed.people = [await seed.add(new_person(now)) for _ in range(2)]
    members = [
        await seed.add(
            Membership(org_id=org_id, person_id=person.id, role="viewer", created_at=now)
        )
        for person in people
    ]
    signed_in = await sessions.begin(
        seed.session, people[0].id, "password", now, lifetimes=Lifetimes()
    )
    seed.secrets.add(signed_in.public_id)
    invitations = [_invitation(org_id, people[0], now) for _ in range(2)]
    passkeys = [_passkey(person, now) for person in people]
    return {
        "passkey": (await seed.add(*passkeys)).public_id,
        "person": people[0].public_id,
        "membership": members[0].public_id,
        "sign_in": signed_in.public_id,
        "invitation": (await seed.add(*invitations)).public_id,
    }


async def _many(seed: _Seed, org_id: int) -> None:
    """More than one page of what pages for people list, whose length cannot be asked for."""
    now = seed.now
    people = [new_person(now) for _ in range(PAGE)]
    await seed.add(*people)
    members = [
        Membership(org_id=org_id, person_id=one.id, role="viewer", created_at=now) for one in people
    ]
    entries = [
        AuditEntry(org_id=org_id, at=now, actor="somebody", action="a.b", target="nothing")
        for _ in range(PAGE)
    ]
    made = [make_key(org_id, "one of many", ["devices:read"], now)[0] for _ in range(PAGE)]
    await seed.add(*members, *entries, *made)


def _passkey(person: Person, now: datetime) -> Passkey:
    return Passkey(
        person_id=person.id,
        credential_id=digest(new_secret()),
        public_key=b"none",
        sign_count=0,
        transports=[],
        synced=True,
        name=_name("passkey"),
        created_at=now,
    )


def _invitation(org_id: int, by: Person, now: datetime) -> Invitation:
    return Invitation(
        org_id=org_id,
        email=f"{new_id('i').lower()}@example.com",
        role="viewer",
        token_hash=digest(new_secret()),
        invited_by=by.public_id,
        created_at=now,
        expires_at=now + timedelta(days=7),
    )


async def _access(seed: _Seed, org_id: int) -> dict[str, str]:
    now = seed.now
    # The one that is tried to be revoked, and one with which keys can still be managed.
    made = [make_key(org_id, _name("key"), ["keys:read", "keys:write"], now)[0] for _ in range(2)]
    accounts = [
        ServiceAccount(org_id=org_id, name=_name("account"), created_at=now) for _ in range(2)
    ]
    roles = [
        Role(org_id=org_id, name=_name("role"), permissions=sorted(CUSTOM), created_at=now)
        for _ in range(2)
    ]
    audit = [
        AuditEntry(
            org_id=org_id, at=now, actor="somebody", action="device.create", target=_name("target")
        )
        for _ in range(2)
    ]
    return {
        "key": (await seed.add(*made)).public_id,
        "account": (await seed.add(*accounts)).public_id,
        "role": (await seed.add(*roles)).public_id,
        "custom": roles[1].public_id,
        "audit": (await seed.add(*audit)).public_id,
    }


async def _sign_on(seed: _Seed, org_id: int) -> dict[str, str]:
    """A provider that does not answer, two domains and two links."""
    now = seed.now
    issuer = f"https://127.0.0.1:9/{org_id}"
    grants = [
        SupportGrant(
            org_id=org_id,
            role="viewer",
            granted_by=_name("owner"),
            created_at=now,
            expires_at=now + timedelta(hours=hours),
        )
        for hours in (1, 2)
    ]
    domains = [
        MailDomain(
            org_id=org_id,
            domain=f"{new_id('d').lower()}.example.com",
            token="t" * 43,
            created_at=now,
        )
        for _ in range(2)
    ]
    links = [
        SsoIdentity(
            org_id=org_id,
            issuer=issuer,
            subject=_name("subject"),
            person_id=person.id,
            created_at=now,
            linked_at=now,
        )
        for person in seed.people
    ]
    await seed.add(_connection(org_id, issuer, now))
    return {
        "grant": (await seed.add(*grants)).public_id,
        "domain": (await seed.add(*domains)).public_id,
        "link": (await seed.add(*links)).public_id,
    }


def _connection(org_id: int, issuer: str, now: datetime) -> SsoConnection:
    return SsoConnection(
        org_id=org_id,
        issuer=issuer,
        client_id=_name("client"),
        client_secret="sealed",
        role="viewer",
        created_at=now,
        updated_at=now,
    )


async def _fleet(seed: _Seed, org_id: int) -> dict[str, str]:
    now = seed.now
    # One that devices have cannot be deleted; the other can.
    used, unused = (_profile(org_id, now) for _ in range(2))
    await seed.add(used, unused)
    seed.devices = [_device(org_id, used.id, now) for _ in range(2)]
    device = await seed.add(*seed.devices)
    for one in seed.devices:
        await seed.add(*_sent(org_id, one, to_ms(now)))
    letters = [_letter(org_id, one, at) for at, one in enumerate(seed.devices * 2)]
    await seed.add(*letters)
    return {
        "profile": used.public_id,
        "unused_profile": unused.public_id,
        "device": device.public_id,
        "uid": device.uid,
        "letter": letters[0].public_id,
        **await _groups(seed, org_id, letters),
    }


def _profile(org_id: int, now: datetime) -> DeviceProfile:
    return DeviceProfile(
        org_id=org_id,
        name=_name("profile"),
        metrics={"temp": {"type": "number", "max": 100}},
        created_at=now,
        updated_at=now,
    )


def _device(org_id: int, profile_id: int, now: datetime) -> Device:
    return Device(
        org_id=org_id,
        uid=new_id("uid"),
        name=_name("device"),
        profile_id=profile_id,
        created_at=now,
        updated_at=now,
    )


async def _groups(seed: _Seed, org_id: int, letters: list[DeadLetter]) -> dict[str, str]:
    """Each device in a group of its own, and a group without any."""
    now, other = seed.now, seed.devices[1]
    groups = [DeviceGroup(org_id=org_id, name=_name("group"), created_at=now) for _ in range(3)]
    await seed.add(*groups)
    for group, device in zip(groups[:2], seed.devices, strict=True):
        pair = {"group_id": group.id, "device_id": device.id}
        await seed.add(DeviceGroupDevice(org_id=org_id, **pair))
    seed.group_id = groups[0].id
    seed.unseen = {
        "device": other.public_id,
        "uid": other.uid,
        "letter": letters[1].public_id,
        "group": groups[1].public_id,
    }
    seed.unseen_names = [other.name, letters[1].detail, letters[3].detail, groups[1].name]
    return {"group": groups[0].public_id, "unused_group": groups[2].public_id}


def _sent(org_id: int, device: Device, ms: int) -> list[Base]:
    """What was stored of a device: two readings, two events, its state, its usage."""
    found: list[Base] = [
        DeviceTag(org_id=org_id, tag=_name("tag"), device_id=device.id),
        DeviceState(
            device_id=device.id,
            org_id=org_id,
            boot=1,
            last_seq=9,
            last_seen=ms,
            changed_ts=ms,
            latest={"temp": [21.5, ms]},
        ),
        UsageDevice(org_id=org_id, quarter=ms // (HOUR_MS // 4), device_id=device.id),
    ]
    for seq in (1, 2):
        key = {"device_id": device.id, "ts": ms - HOUR_MS + seq, "boot": 1, "received_ts": ms}
        data = {"member": new_id("TAG"), "kwh": 1.5}
        found.append(Reading(**key, seq=seq, body={"temp": 21.5}))
        found.append(DeviceEvent(**key, seq=seq + 4, org_id=org_id, name=EVENT, data=data))
    return found


def _letter(org_id: int, device: Device, at: int) -> DeadLetter:
    return DeadLetter(
        org_id=org_id,
        device_id=device.id,
        received_ts=1_763_740_802_000 + at,
        boot=1,
        seq=100 + at,
        code="out_of_range",
        detail=_name("temp 900 > 100"),
        raw=b'{"boot":1,"s":%d,"t":1763740802000,"v":{"temp":21}}' % (100 + at),
    )


async def _billing(seed: _Seed, org_id: int) -> dict[str, str]:
    now = seed.now
    meters = [
        Meter(
            org_id=org_id,
            code=f"meter.{new_id('m').lower()}",
            kind="event_sum",
            event=EVENT,
            field="kwh",
            created_at=now,
            backfilled_at=now,
        )
        for _ in range(2)
    ]
    meter = await seed.add(*meters)
    hour = to_ms(now) // HOUR_MS
    await seed.add(
        UsageHour(org_id=org_id, meter="messages", hour=hour, task="t", count=4),
        *(_counted(org_id, meter.id, device, to_ms(now)) for device in seed.devices),
    )
    return {"meter": meter.public_id, "meter_code": meter.code}


def _counted(org_id: int, meter_id: int, device: Device, ms: int) -> UsageEvent:
    return UsageEvent(
        org_id=org_id,
        meter_id=meter_id,
        ts=ms - HOUR_MS + 1,
        device_id=device.id,
        boot=1,
        seq=5,
        quantity=Decimal("1.5"),
    )


async def _loyalty(seed: _Seed, org_id: int) -> dict[str, str]:
    now = seed.now
    programmes = [
        Programme(org_id=org_id, name=_name("programme"), created_at=now) for _ in range(2)
    ]
    programme = await seed.add(*programmes)
    owned = {"org_id": org_id, "programme_id": programme.id, "created_at": now}
    member = await seed.add(*(Member(**owned, name=_name("member")) for _ in range(2)))
    tag = MemberTag(
        org_id=org_id, programme_id=programme.id, tag=new_id("TAG"), member_id=member.id
    )
    rules = [
        EarningRule(
            **owned, event=EVENT, field="kwh", points_per_unit=Decimal(1), backfilled_at=now
        )
        for _ in range(2)
    ]
    rule = await seed.add(*rules)
    await _points(seed, org_id, member.id, rule.public_id)
    return {
        "programme": programme.public_id,
        "member": member.public_id,
        "tag": (await seed.add(tag)).tag,
        "rule": rule.public_id,
    }


async def _points(seed: _Seed, org_id: int, member_id: int, rule: str) -> None:
    """Two entries by hand, and one of an event of each device."""
    ms = to_ms(seed.now) - HOUR_MS + 1
    sources = [("adjust", "adjustment", new_id("k")) for _ in range(2)]
    sources += [("earn", f"rule:{rule}", f"{device.id}:{ms}:1:5") for device in seed.devices]
    entries = [
        Entry(
            org_id=org_id,
            member_id=member_id,
            kind=kind,
            points=10,
            source=source,
            key=key,
            reason=_name("reason"),
            at=seed.now,
        )
        for kind, source, key in sources
    ]
    await seed.add(*entries)
    lots: list[Any] = [
        Lot(
            org_id=org_id,
            member_id=member_id,
            entry_id=entry.id,
            points=10,
            remaining=10,
            earned_at=seed.now,
        )
        for entry in entries
    ]
    await seed.add(*lots)


async def _runs(seed: _Seed, org_id: int) -> dict[str, str]:
    runs = [
        ReportRun(
            org_id=org_id,
            kind="events",
            parameters={"devices": [device.public_id]},
            state="succeeded",
            file_key=f"runs/{new_id('run')}",
            size=1,
            created_at=seed.now,
            finished_at=seed.now,
            # Beyond what tests of other files move their clocks to: one database is everybody's.
            expires_at=seed.now + timedelta(days=400),
        )
        for device in (*seed.devices, seed.devices[0])
    ]
    seed.unseen_names.append(runs[1].file_key)
    seed.files = [run.file_key for run in runs]
    await seed.add(*runs)
    return {"run": runs[0].public_id, "unused_run": runs[2].public_id}


def _name(what: str) -> str:
    return f"{what} {new_id('n')}"
