"""Who may come in: hellos judged in batches, with a cache of tokens."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from sqlalchemy import select

from apps.ingest import metrics
from apps.ingest.entrance import Busy, Entrance, spread
from apps.ingest.protocol.errors import Ending
from apps.ingest.protocol.messages import Hello
from shared.clock import Clock
from shared.db import Database
from shared.ids import digest
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
    """What a token stands for: a device, and whether it is disabled."""

    source: Source
    disabled: bool


@dataclass(frozen=True, slots=True)
class Admitted:
    source: Source
    last: int


Verdict = Admitted | Ending | Busy


@dataclass(frozen=True, slots=True)
class Asked:
    """A hello that is to be judged."""

    hello: Hello
    token: bytes
    address: str
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

    def ask(self, hello: Hello, address: str, answer: Callable[[Verdict], None]) -> bytes:
        """Judge `hello`, which came from `address`, in its turn; returns the token's digest."""
        token = digest(hello.token)
        asked = Asked(hello, token, address, answer)
        busy = self._entrance.enter(asked, address=address, token=token, known=token in self._cache)
        if busy is not None:
            answer(busy)
        return token

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

    def swapped(self, token: bytes) -> None:
        """The device with `token` replaced another connection of its own here."""
        self._entrance.swapped(token)

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
        known = await self.look_up({one.token for one in asked})
        welcome = {
            at: Greeting(found.source, one.hello.boot, one.hello.fw)
            for at, one in enumerate(asked)
            if (found := known.get(one.token)) is not None
            and found.source.uid == one.hello.device
            and not found.disabled
        }
        met = await self._greet(list(welcome.values()))
        for at, one in welcome.items():
            before = met[one.source.device_id].before
            if before not in (self._task, ""):
                self._came(one.source.device_id, before)
                self._entrance.swapped(asked[at].token)
        return [
            Admitted(welcome[at].source, met[welcome[at].source.device_id].last)
            if at in welcome
            else _refusal(known.get(one.token), one.hello)
            for at, one in enumerate(asked)
        ]

    async def _greet(self, welcome: Sequence[Greeting]) -> dict[int, Met]:
        if not welcome:
            return {}
        now = self._clock.now_ms()
        return await greet(self._database, self._store, welcome, task=self._task, now=now)

    async def look_up(
        self, tokens: Iterable[bytes], *, fresh: bool = False
    ) -> dict[bytes, Known | None]:
        """What tokens (their digests) stand for, none for an unknown or revoked one.

        Answers may be `CACHE_S` old unless `fresh`.
        """
        now = time.monotonic()
        at = self._changes
        found: dict[bytes, Known | None] = {}
        missing = []
        for token in tokens:
            known = None if fresh else self._cached(token, now)
            if known is None:
                missing.append(token)
            else:
                found[token] = known
        for start in range(0, len(missing), BATCH):
            found |= await self._load(missing[start : start + BATCH])
        if len(self._cache) > CACHE:
            self._cache.clear()
        for token in missing:
            if (loaded := found[token]) is not None:
                self._cache[token] = (now + CACHE_S, at, loaded)
            else:
                # Not remembered: it may be registered the next moment.
                self._cache.pop(token, None)
        return found

    def _cached(self, token: bytes, now: float) -> Known | None:
        until, at, known = self._cache.get(token, _NOTHING)
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

    async def _load(self, tokens: Sequence[bytes]) -> dict[bytes, Known | None]:
        wanted = (
            # The token is the only thing that tells which organisation it is.
            with_profile(
                select(  # unscoped: the token names the organisation
                    DeviceCredential.token_hash, Device.disabled, *COLUMNS
                ).join(Device, Device.id == DeviceCredential.device_id)
            ).where(
                DeviceCredential.token_hash.in_(tokens),
                DeviceCredential.revoked_at.is_(None),
                Device.gone == 0,
            )
        )
        found: dict[bytes, Known | None] = dict.fromkeys(tokens)
        async with self._database.read() as session:
            for token, disabled, *values in await session.execute(wanted):
                found[token] = Known(make_source(values), disabled)
        return found


def _refusal(known: Known | None, hello: Hello) -> Ending:
    """Only whoever has the right token learns that the device is disabled."""
    if known is not None and known.source.uid == hello.device and known.disabled:
        return Ending.disabled
    return Ending.unauthorized
