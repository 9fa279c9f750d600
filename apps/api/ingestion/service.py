"""Messages over HTTP into the write path."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from apps.api.devices.errors import NoSuchDevice
from apps.api.devices.repository import find_number
from apps.api.ingestion.errors import DeviceDisabled, NotAList, NotJson
from apps.api.ingestion.rules import LONGEST_LINE
from apps.api.ingestion.schemas import BatchOut, Refused
from shared.auth.principal import Sight
from shared.clock import Clock
from shared.readings import sources
from shared.readings.parcel import Source
from shared.readings.parse import Rejection, parse_address
from shared.readings.plan import Taken
from shared.readings.submit import Item, Outcome, submit
from shared.telemetry.clean import clean

MOST_MESSAGES = 5_000
SHOWN = 1_000
KEPT = 20

_split = msgspec.json.Decoder(list[msgspec.Raw]).decode


@dataclass(frozen=True, slots=True)
class Writer:
    """Who writes: one process at one time."""

    sight: Sight
    task: str
    clock: Clock


@dataclass(slots=True)
class Tally:
    """What became of a batch's messages."""

    stored: int = 0
    duplicate: int = 0
    rejected: int = 0
    rejections: list[Refused] = field(default_factory=list)

    def count(self, index: int, outcome: Outcome) -> None:
        if outcome.status == "stored":
            self.stored += 1
        elif outcome.status == "duplicate":
            self.duplicate += 1
        else:
            self.reject(index, outcome.code or "", outcome.detail or "")

    def reject(self, index: int, code: str, detail: str) -> None:
        self.rejected += 1
        if len(self.rejections) < SHOWN:
            self.rejections.append(Refused(index=index, code=code, detail=detail))

    def out(self, shown: int = SHOWN) -> BatchOut:
        rejections = sorted(self.rejections, key=lambda refused: refused.index)[:shown]
        return BatchOut(
            stored=self.stored,
            duplicate=self.duplicate,
            rejected=self.rejected,
            rejections=rejections,
        )


async def source(session: AsyncSession, sight: Sight, public_id: str) -> Source:
    """A device that may send. Raises `NoSuchDevice`, `DeviceDisabled`."""
    # Who may see it is asked apart only of whoever does not see all.
    hidden = sight.groups is not None and await find_number(session, sight, public_id) is None
    found = None if hidden else await sources.by_public_id(session, sight.org_id, public_id)
    if found is None:
        if hidden or await find_number(session, sight, public_id) is None:
            raise NoSuchDevice
        raise DeviceDisabled("enable the device first")
    return found


async def take_one(
    session: AsyncSession, writer: Writer, public_id: str, raw: bytes
) -> tuple[Outcome, list[Taken]]:
    """Store one message of a device. Raises `NoSuchDevice`, `DeviceDisabled`."""
    whose = await source(session, writer.sight, public_id)
    address = parse_address(raw)
    if not isinstance(address, Rejection) and address.device not in (msgspec.UNSET, whose.uid):
        detail = "the message names another device than the address"
        return Outcome("rejected", code="other_device", detail=detail), []
    submitted = await submit(session, [Item(whose, raw)], task=writer.task, clock=writer.clock)
    return submitted.outcomes[0], submitted.taken


def split(body: bytes) -> list[bytes]:
    """The messages of a JSON list, each as it was sent. Raises `NotJson`, `NotAList`."""
    try:
        messages = _split(body)
    except msgspec.ValidationError:
        raise NotAList("send a JSON list of messages, or NDJSON") from None
    except (msgspec.DecodeError, RecursionError, ValueError) as error:
        raise NotJson(clean(str(error))) from None
    if len(messages) > MOST_MESSAGES:
        raise NotAList(f"a list has at most {MOST_MESSAGES} messages; send more of them as NDJSON")
    return [bytes(message) for message in messages]


async def take_many(
    session: AsyncSession,
    writer: Writer,
    messages: Sequence[tuple[int, bytes]],
    tally: Tally,
) -> list[Taken]:
    """Store messages (index, JSON) that each name their device by its uid; counts in `tally`."""
    named: list[tuple[int, bytes, str]] = []
    for index, raw in messages:
        address = parse_address(raw)
        if len(raw) > LONGEST_LINE:
            tally.reject(index, "too_long", f"a message is at most {LONGEST_LINE} bytes")
        elif isinstance(address, Rejection):
            tally.reject(index, address.code, address.detail)
        elif address.device is msgspec.UNSET:
            tally.reject(index, "bad_message", "device is missing: the uid of a device")
        else:
            named.append((index, raw, address.device))
    known = await sources.by_uid(
        session,
        writer.sight.org_id,
        sorted({uid for _, _, uid in named if len(uid) <= 128}),
        groups=writer.sight.groups,
    )
    items = [(index, Item(known[uid], raw)) for index, raw, uid in named if uid in known]
    for index, _, uid in named:
        if uid not in known:
            detail = f"there is no device {clean(uid, 60)}, or it is disabled"
            tally.reject(index, "unknown_device", detail)
    if not items:
        return []
    submitted = await submit(
        session, [item for _, item in items], task=writer.task, clock=writer.clock
    )
    for (index, _), outcome in zip(items, submitted.outcomes, strict=True):
        tally.count(index, outcome)
    return submitted.taken
