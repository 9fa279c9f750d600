"""Guessing is slowed: by account and by address, in the database, for all processes.

A device that signed in before has a cookie that says so, and is counted by itself. The owner in a
new browser waits with others' guesses for a password; letters have a limit of their own.
"""

import hashlib
import hmac
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Final

from sqlalchemy import Table, delete, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from shared.db import Database
from shared.db.dialect import insert_ignore
from shared.errors import TooMany
from shared.ids import new_secret
from shared.models import Attempt

# Attempts are counted for this window and the one before it.
WINDOW: Final = timedelta(days=1)
# A device is remembered for as long as people do not change theirs.
DEVICE_KNOWN: Final = timedelta(days=180)
# A browser that several people use, or one with several accounts.
DEVICES_KEPT: Final = 5
# What somebody types may have half a character in it.
_ANY: Final = ("utf-8", "surrogatepass")
_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Throttled(TooMany):
    code = "throttled"
    title = "Too many attempts"


class AccountThrottled(Throttled):
    """On this account too much was tried, by whomever and from wherever."""


@dataclass(frozen=True, slots=True)
class Limit:
    """`free` attempts at once; then a wait that begins with a second and doubles to `longest`."""

    free: int
    longest: timedelta


# At most 40 guesses a day on an account: NIST SP 800-63B wants 100 at most in a row.
ACCOUNT: Final = Limit(5, timedelta(hours=1))
# Letters are no guesses. The owner, if others keep asking, waits for less than a link is good: the
# letter that was sent last still signs in.
LETTERS: Final = Limit(5, timedelta(minutes=5))
# Many people may come from one address.
ADDRESS: Final = Limit(30, timedelta(minutes=15))
DEVICE: Final = Limit(10, timedelta(hours=1))


def delay(count: int, limit: Limit) -> timedelta:
    """How long to wait after the last of `count` attempts."""
    if count < limit.free:
        return timedelta(0)
    # 2 ** 32 seconds are more than any limit.
    return min(timedelta(seconds=2 ** min(count - limit.free, 32)), limit.longest)


def network(address: str) -> str:
    """What is counted as one address: of IPv6 a /64, which one customer has."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, 64), strict=False))


@dataclass(frozen=True, slots=True)
class Admitted:
    """An attempt that may be made, and is counted already."""

    lane: bytes
    address: bytes | None


class Throttle:
    """Who may try now. `purpose` tells apart what is tried: a password is not a code; `limit` is
    for an account.
    """

    def __init__(self, secret: str, purpose: str, limit: Limit = ACCOUNT) -> None:
        self._limit = limit
        self._key = hashlib.sha256(f"throttle\0{purpose}\0{secret}".encode()).digest()

    async def admit(
        self,
        database: Database,
        account: str,
        address: str | None,
        now: datetime,
        *,
        device: str | None = None,
    ) -> Admitted:
        """Count an attempt on `account` (known or not) before it is made: of many at once each
        counts. `device`: what `Devices.find` says. Raises `Throttled` with the seconds to wait,
        `AccountThrottled` where it is for the account.

        Commits by itself: whatever becomes of the request, it was made.
        """
        if device is not None:
            lane = self._subject("device", device)
            await _count(database, lane, DEVICE, now)
            return Admitted(lane, None)
        place = None if address is None else self._subject("address", network(address))
        if place is not None:
            await _count(database, place, ADDRESS, now)
        lane = self._subject("account", account.lower())
        await _count(database, lane, self._limit, now, AccountThrottled)
        return Admitted(lane, place)

    async def passed(self, session: AsyncSession, attempt: Admitted, now: datetime) -> None:
        """The attempt was right: forget those on the account; of the address take back this one."""
        await session.execute(delete(Attempt).where(Attempt.subject == attempt.lane))
        await session.execute(
            update(Attempt)
            .where(
                Attempt.subject == attempt.address,
                Attempt.since == _window(now),
                Attempt.count > 0,
            )
            .values(count=Attempt.count - 1)
        )

    def _subject(self, kind: str, value: str) -> bytes:
        # A row tells nobody who tried, or from where.
        return hmac.digest(self._key, f"{kind}\0{value}".encode(*_ANY), hashlib.sha256)


class Devices:
    """The value of the cookie by which a browser is known again: signed, for some accounts."""

    def __init__(self, secret: str) -> None:
        self._key = hashlib.sha256(f"device\0{secret}".encode()).digest()

    def add(self, value: str | None, account: str, now: datetime) -> str:
        """The new value once `account` signed in with a browser that has `value`."""
        expires = int((now + DEVICE_KNOWN).timestamp())
        name = new_secret()
        fresh = f"{name}.{expires}.{self._tag(account, name, str(expires))}"
        others = [one for one in _parts(value) if self._read(one, account, now) is None]
        return "~".join([fresh, *others][:DEVICES_KEPT])

    def find(self, value: str | None, account: str, now: datetime) -> str | None:
        """The device's name if it signed in to `account` before."""
        return next(
            (name for one in _parts(value) if (name := self._read(one, account, now))), None
        )

    def _read(self, part: str, account: str, now: datetime) -> str | None:
        name, _, rest = part.partition(".")
        expires, _, tag = rest.partition(".")
        right = hmac.compare_digest(tag.encode(), self._tag(account, name, expires).encode())
        return name if right and int(expires) > now.timestamp() else None

    def _tag(self, account: str, name: str, expires: str) -> str:
        text = f"{account.lower()}\0{name}\0{expires}".encode(*_ANY)
        return hmac.new(self._key, text, hashlib.sha256).hexdigest()


async def prune(session: AsyncSession, now: datetime, most: int = 500) -> int:
    """Forget up to `most` counts that nobody asks for any more; returns how many."""
    old = select(Attempt.subject, Attempt.since).where(Attempt.since < _window(now) - WINDOW)
    keys = [tuple(row) for row in await session.execute(old.limit(most))]
    if keys:
        await session.execute(
            delete(Attempt).where(tuple_(Attempt.subject, Attempt.since).in_(keys))
        )
    return len(keys)


async def _count(
    database: Database,
    subject: bytes,
    limit: Limit,
    now: datetime,
    refusal: type[Throttled] = Throttled,
) -> None:
    since = _window(now)
    table = Attempt.__table__
    assert isinstance(table, Table)
    async with database.unit_of_work() as session:
        # Whoever comes with the same subject waits here. What is read below is newer than that.
        await session.execute(
            insert_ignore(session, table).values(
                subject=subject, since=since, count=0, last_at=_NEVER
            )
        )
        rows = await session.execute(
            select(Attempt.count, Attempt.last_at).where(
                Attempt.subject == subject, Attempt.since >= since - WINDOW
            )
        )
        wait = _wait([(count, at) for count, at in rows], limit, now)
        if wait > timedelta(0):
            seconds = ceil(wait.total_seconds())
            raise refusal(f"wait {_words(seconds)}, then try again", retry_after=seconds)
        await session.execute(
            update(Attempt)
            .where(Attempt.subject == subject, Attempt.since == since)
            .values(count=Attempt.count + 1, last_at=now)
        )


def _wait(windows: Sequence[tuple[int, datetime]], limit: Limit, now: datetime) -> timedelta:
    after = delay(sum(count for count, _ in windows), limit)
    if not after:
        # Another process's clock may be ahead of this one's: what is free stays free.
        return after
    return max(at for _, at in windows) + after - now


def _window(now: datetime) -> datetime:
    return _NEVER + (now - _NEVER) // WINDOW * WINDOW


def _words(seconds: int) -> str:
    if seconds < 120:
        return "a second" if seconds == 1 else f"{seconds} seconds"
    return f"{ceil(seconds / 60)} minutes"


def _parts(value: str | None) -> list[str]:
    return value.split("~")[:DEVICES_KEPT] if value else []
