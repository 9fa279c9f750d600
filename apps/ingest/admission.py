"""Who may come in: hellos judged in batches, with a cache of tokens."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select

from apps.ingest.protocol.errors import Ending
from apps.ingest.protocol.messages import Hello
from shared.clock import Clock
from shared.db import Database
from shared.ids import digest
from shared.models import Device, DeviceCredential, DeviceProfile, Organisation
from shared.readings.parcel import Source
from shared.readings.presence import Greeting, greet
from shared.readings.sources import make_source
from shared.readings.store import Store
from shared.telemetry.clean import clean

BATCH: Final = 500
CACHE_S: Final = 30.0
CACHE: Final = 50_000
RETRY_S: Final = 0.2

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


@dataclass(frozen=True, slots=True)
class _Asked:
    hello: Hello
    token: bytes
    answer: Callable[[Admitted | Ending], None]


class Admission:
    """Judges hellos. `answer` is called once for each that is asked, in order.

    `came` is told of each device that is let in, and the task that it was on before.
    """

    def __init__(
        self,
        database: Database,
        store: Store,
        clock: Clock,
        *,
        task: str,
        came: Callable[[int, str], None],
    ) -> None:
        self._database = database
        self._store = store
        self._clock = clock
        self._task = task
        self._came = came
        self._asked: list[_Asked] = []
        self._arrived = asyncio.Event()
        self._cache: dict[bytes, tuple[float, Known | None]] = {}

    def ask(self, hello: Hello, answer: Callable[[Admitted | Ending], None]) -> bytes:
        """Judge `hello` with the next batch; returns the token's digest."""
        token = digest(hello.token)
        self._asked.append(_Asked(hello, token, answer))
        self._arrived.set()
        return token

    async def run(self) -> None:
        """Judge until cancelled. A batch that meets a database in trouble is tried again."""
        while True:
            await self._arrived.wait()
            asked, self._asked = self._asked[:BATCH], self._asked[BATCH:]
            if not self._asked:
                self._arrived.clear()
            await self._judge(asked)

    async def _judge(self, asked: Sequence[_Asked]) -> None:
        while True:
            try:
                verdicts = await self._verdicts(asked)
            except Exception as error:  # noqa: BLE001 - whatever it is, hellos wait
                log.warning("hellos wait for the database: %s", clean(str(error)))
                await asyncio.sleep(RETRY_S)
            else:
                break
        for one, verdict in zip(asked, verdicts, strict=True):
            one.answer(verdict)

    async def _verdicts(self, asked: Sequence[_Asked]) -> list[Admitted | Ending]:
        known = await self.look_up({one.token for one in asked})
        welcome = {
            at: Greeting(found.source, one.hello.boot, one.hello.fw)
            for at, one in enumerate(asked)
            if (found := known.get(one.token)) is not None
            and found.source.uid == one.hello.device
            and not found.disabled
        }
        met = await greet(
            self._database,
            self._store,
            list(welcome.values()),
            task=self._task,
            now=self._clock.now_ms(),
        )
        for device, found_at in met.items():
            self._came(device, found_at.before)
        return [
            Admitted(welcome[at].source, met[welcome[at].source.device_id].last)
            if at in welcome
            else _refusal(known.get(one.token), one.hello)
            for at, one in enumerate(asked)
        ]

    async def look_up(
        self, tokens: Iterable[bytes], *, fresh: bool = False
    ) -> dict[bytes, Known | None]:
        """What tokens (their digests) stand for, none for an unknown or revoked one.

        Answers may be `CACHE_S` old unless `fresh`.
        """
        now = time.monotonic()
        found: dict[bytes, Known | None] = {}
        missing = []
        for token in tokens:
            until, known = self._cache.get(token, (0.0, None))
            if until > now and not fresh:
                found[token] = known
            else:
                missing.append(token)
        for start in range(0, len(missing), BATCH):
            found |= await self._load(missing[start : start + BATCH])
        if len(self._cache) > CACHE:
            self._cache.clear()
        # An unknown token is not remembered: it may be registered the next moment.
        self._cache |= {
            token: (now + CACHE_S, found[token]) for token in missing if found[token] is not None
        }
        return found

    def forget(self, org: str) -> None:
        """Something about an organisation's devices changed (its public id): look again."""
        self._cache = {
            token: (until, known)
            for token, (until, known) in self._cache.items()
            if known is None or known.source.org != org
        }

    def forget_all(self) -> None:
        """Something may have changed that nobody heard of."""
        self._cache.clear()

    async def _load(self, tokens: Sequence[bytes]) -> dict[bytes, Known | None]:
        wanted = (
            # The token is the only thing that tells which organisation it is.
            select(
                DeviceCredential.token_hash, Device, DeviceProfile, Organisation
            )  # unscoped: the token names the organisation
            .join(Device, Device.id == DeviceCredential.device_id)
            .join(Organisation, Organisation.id == Device.org_id)
            .outerjoin(DeviceProfile, DeviceProfile.id == Device.profile_id)
            .where(
                DeviceCredential.token_hash.in_(tokens),
                DeviceCredential.revoked_at.is_(None),
                Device.gone == 0,
            )
        )
        found: dict[bytes, Known | None] = dict.fromkeys(tokens)
        async with self._database.read() as session:
            for token, device, declared, organisation in await session.execute(wanted):
                source = make_source(device, declared, organisation)
                found[token] = Known(source, device.disabled)
        return found


def _refusal(known: Known | None, hello: Hello) -> Ending:
    """Only whoever has the right token learns that the device is disabled."""
    if known is not None and known.source.uid == hello.device and known.disabled:
        return Ending.disabled
    return Ending.unauthorized
