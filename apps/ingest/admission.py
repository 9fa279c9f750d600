"""Who may come in: hellos judged in batches, with a cache of keys.

The key of a device of lines is its token (the digest of it); that of a tracker is its IMEI. That
is no secret: all that it proves is that somebody registered it, and perhaps from which networks.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any, Final

from sqlalchemy import Select, select

from apps.ingest import metrics
from apps.ingest.entrance import Busy, Entrance, spread
from apps.ingest.protocol.errors import Ending
from apps.ingest.protocol.imei import DIGITS as IMEI_DIGITS
from apps.ingest.protocol.speech import Caller
from shared.clock import Clock
from shared.db import Database
from shared.models import Device, DeviceCredential
from shared.readings.failures import is_database_error
from shared.readings.parcel import Source
from shared.readings.presence import Greeting, Met, greet
from shared.readings.sources import COLUMNS, make_source, with_profile
from shared.readings.store import Store
from shared.telemetry.clean import clean

BATCH: Final = 500
CACHE_S: Final = 30.0
CACHE: Final = 50_000
# Organisations whose last change is remembered.
MOST_CHANGED: Final = 10_000
RETRY_S: Final = 0.2
# A database that has not answered by then is asked again on another connection.
JUDGE_S: Final = 20.0

_NOTHING: Final = (0.0, 0, None)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Known:
    """What a key stands for: a device, whether it is disabled, and where it may come from."""

    source: Source
    disabled: bool
    networks: tuple[IPv4Network | IPv6Network, ...] = ()

    def admits(self, peer: str) -> bool:
        """Whether it may come from the address `peer`, which is empty where that is not known."""
        if not self.networks:
            return True
        if not peer:
            return False
        address = ip_address(peer.partition("%")[0])
        address = getattr(address, "ipv4_mapped", None) or address
        return any(address in network for network in self.networks)


@dataclass(frozen=True, slots=True)
class Admitted:
    source: Source
    last: int


Verdict = Admitted | Ending | Busy


@dataclass(frozen=True, slots=True)
class Asked:
    """A hello that is to be judged. `address`: what is counted together with `peer`."""

    hello: Caller
    key: bytes
    address: str
    peer: str
    answer: Callable[[Verdict], None]


class Admission:
    """Judges hellos. `answer` is called once for each that is asked.

    `came` is told of each device that is let in, and the task that it was on before.
    """

    def __init__(
        self,
        database: Database,
        store: Store,
        clock: Clock,
        *,
        entrance: Entrance[Asked],
        task: str,
        came: Callable[[int, str], None],
    ) -> None:
        self._database = database
        self._store = store
        self._clock = clock
        self._task = task
        self._came = came
        self._entrance = entrance
        # When it ends to count (monotonic seconds), the count of changes when it was read, and it.
        self._cache: dict[bytes, tuple[float, int, Known]] = {}
        # What was read before an organisation's last change, or before `_all_changed`, is old.
        self._changes = 0
        self._changed: dict[str, int] = {}
        self._all_changed = 0
        self._judging = asyncio.Lock()

    def reads(self, address: str) -> bool:
        """Whether to read what a new connection from `address` says."""
        return self._entrance.reads(address)

    def ask(
        self, hello: Caller, address: str, peer: str, answer: Callable[[Verdict], None]
    ) -> None:
        """Judge `hello`, which came from `peer`, counted under `address`, in its turn."""
        key = hello.key
        asked = Asked(hello, key, address, peer, answer)
        busy = self._entrance.enter(asked, address=address, token=key, known=key in self._cache)
        if busy is not None:
            answer(busy)

    async def run(self) -> None:
        """Judge until cancelled. A batch that meets a database in trouble is tried again."""
        while True:
            asked = await self._entrance.take(BATCH)
            async with self._judging:
                await self._judge(asked)

    async def settled(self) -> None:
        """Wait until what is being judged now is answered."""
        async with self._judging:
            return

    def swapped(self, key: bytes) -> None:
        """The device with `key` replaced another connection of its own here."""
        self._entrance.swapped(key)

    async def _judge(self, asked: Sequence[Asked]) -> None:
        while True:
            try:
                async with asyncio.timeout(JUDGE_S):
                    verdicts = await self._verdicts(asked)
            except Exception as error:  # noqa: BLE001 - whatever it is, hellos wait
                if not is_database_error(error):
                    await self._judge_apart(asked, error)
                    return
                log.warning("hellos wait for the database: %s", clean(repr(error)))
                await asyncio.sleep(RETRY_S)
            else:
                break
        for one, verdict in zip(asked, verdicts, strict=True):
            self._answer(one, verdict)

    async def _judge_apart(self, asked: Sequence[Asked], error: Exception) -> None:
        """Judge in halves what failed for a reason that nobody foresaw: it may lie in one device,
        which is put off then, and the others come in.
        """
        if len(asked) == 1:
            log.error("a hello cannot be judged", exc_info=error)
            metrics.HELLOS.labels("failed").inc()
            asked[0].answer(Busy(spread()))
            return
        half = len(asked) // 2
        await self._judge(asked[:half])
        await self._judge(asked[half:])

    def _answer(self, one: Asked, verdict: Admitted | Ending) -> None:
        if isinstance(verdict, Admitted):
            metrics.HELLOS.labels("admitted").inc()
            one.answer(verdict)
            return
        metrics.HELLOS.labels(verdict.value).inc()
        if verdict is Ending.unauthorized:
            refused = partial(one.answer, verdict)
            self._entrance.refuse(refused, address=one.address, uid=one.hello.device)
        else:
            one.answer(verdict)

    async def _verdicts(self, asked: Sequence[Asked]) -> list[Admitted | Ending]:
        known = await self.look_up({one.key for one in asked})
        welcome = {
            at: Greeting(found.source, one.hello.boot, one.hello.fw)
            for at, one in enumerate(asked)
            if (found := known.get(one.key)) is not None
            and found.source.uid == one.hello.device
            and not found.disabled
            and found.admits(one.peer)
        }
        met = await self._greet(list(welcome.values()))
        for at, one in welcome.items():
            before = met[one.source.device_id].before
            if before not in (self._task, ""):
                self._came(one.source.device_id, before)
                self._entrance.swapped(asked[at].key)
        return [
            Admitted(welcome[at].source, met[welcome[at].source.device_id].last)
            if at in welcome
            else _refusal(known.get(one.key), one)
            for at, one in enumerate(asked)
        ]

    async def _greet(self, welcome: Sequence[Greeting]) -> dict[int, Met]:
        if not welcome:
            return {}
        now = self._clock.now_ms()
        return await greet(self._database, self._store, welcome, task=self._task, now=now)

    async def look_up(
        self, keys: Iterable[bytes], *, fresh: bool = False
    ) -> dict[bytes, Known | None]:
        """What keys stand for, none for an unknown or revoked one.

        Answers may be `CACHE_S` old unless `fresh`.
        """
        now = time.monotonic()
        at = self._changes
        found: dict[bytes, Known | None] = {}
        missing = []
        for key in keys:
            known = None if fresh else self._cached(key, now)
            if known is None:
                missing.append(key)
            else:
                found[key] = known
        for start in range(0, len(missing), BATCH):
            found |= await self._load(missing[start : start + BATCH])
        if len(self._cache) > CACHE:
            self._cache.clear()
        for key in missing:
            if (loaded := found[key]) is not None:
                self._cache[key] = (now + CACHE_S, at, loaded)
            else:
                # Not remembered: it may be registered the next moment.
                self._cache.pop(key, None)
        return found

    def _cached(self, key: bytes, now: float) -> Known | None:
        until, at, known = self._cache.get(key, _NOTHING)
        if known is None or until <= now or at < self._all_changed:
            return None
        return None if at < self._changed.get(known.source.org, 0) else known

    def forget(self, org: str) -> None:
        """Something about an organisation's devices changed (its public id): look again.

        Tokens stay as ones that were right before.
        """
        if len(self._changed) > MOST_CHANGED:
            self.forget_all()
        self._changes += 1
        self._changed[org] = self._changes

    def forget_all(self) -> None:
        """Something may have changed that nobody heard of."""
        self._changes += 1
        self._all_changed = self._changes
        self._changed.clear()

    async def _load(self, keys: Sequence[bytes]) -> dict[bytes, Known | None]:
        imeis = [key.decode() for key in keys if len(key) == IMEI_DIGITS]
        tokens = [key for key in keys if len(key) != IMEI_DIGITS]
        found: dict[bytes, Known | None] = dict.fromkeys(keys)
        async with self._database.read() as session:
            if tokens:
                for token, disabled, *values in await session.execute(_of_tokens(tokens)):
                    found[token] = Known(make_source(values), disabled)
            if imeis:
                for imei, disabled, networks, *values in await session.execute(_of_imeis(imeis)):
                    allowed = tuple(ip_network(network) for network in networks or ())
                    found[imei.encode()] = Known(make_source(values), disabled, allowed)
        return found


def _of_tokens(tokens: Sequence[bytes]) -> Select[*tuple[Any, ...]]:
    return (
        # The token is the only thing that tells which organisation it is.
        with_profile(
            select(  # unscoped: the token names the organisation
                DeviceCredential.token_hash, Device.disabled, *COLUMNS
            ).join(Device, Device.id == DeviceCredential.device_id)
        ).where(
            DeviceCredential.token_hash.in_(tokens),
            DeviceCredential.revoked_at.is_(None),
            Device.gone == 0,
            Device.imei.is_(None),
        )
    )


def _of_imeis(imeis: Sequence[str]) -> Select[*tuple[Any, ...]]:
    return with_profile(
        # unscoped: an IMEI stands once in the whole, and so tells which organisation it is
        select(Device.imei, Device.disabled, Device.networks, *COLUMNS)
    ).where(Device.imei.in_(imeis), Device.gone == 0)


def _refusal(known: Known | None, asked: Asked) -> Ending:
    """Only whoever has the right key, and comes from where it may, learns that the device is
    disabled.
    """
    if known is None or known.source.uid != asked.hello.device or not known.admits(asked.peer):
        return Ending.unauthorized
    return Ending.disabled if known.disabled else Ending.unauthorized
