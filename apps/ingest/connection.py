"""One device's socket: bytes to the protocol, parcels to the pipeline, answers back."""

import asyncio
import time
from collections.abc import Sequence
from typing import Final, cast

from apps.ingest import metrics
from apps.ingest.admission import Admitted, Verdict
from apps.ingest.entrance import Busy, spread
from apps.ingest.gate import network
from apps.ingest.hub import Hub
from apps.ingest.protocol.errors import Ending
from apps.ingest.protocol.messages import LINE_BYTES
from apps.ingest.protocol.speech import Block, End, Speech, State
from shared.ids import content_id, new_id
from shared.readings.parcel import DeadRow, Parcel, Source
from shared.readings.parse import Rejection

# A device that does not read its acknowledgements is cut off at this many bytes of them.
UNREAD_BYTES: Final = 256 * 1024
# Reads under way to the database at once: what comes meanwhile gathers in the kernel and is one
# read then, where each small packet would cost a read, a parcel and a place in the batch.
READS: Final = 2
# How long a device has to close after the last line to it.
LINGER_S: Final = 2.0
_WINDOW_FULL: Final = metrics.PAUSED.labels("window")


class Connection(asyncio.Protocol):
    """`speech` is its protocol; `spoke` when the last whole message came (monotonic seconds).

    `peer` is the address that it comes from, empty where that is not known, `network` what is
    counted together with it.
    """

    __slots__ = (
        "_boot",
        "_ending",
        "_eof",
        "_full",
        "_held",
        "_hub",
        "_inflight",
        "_lingers",
        "_paused",
        "_reads",
        "_speech",
        "_transport",
        "_unread",
        "key",
        "network",
        "peer",
        "pinged",
        "source",
        "spoke",
    )

    def __init__(self, hub: Hub, speech: Speech) -> None:
        self._hub = hub
        self._speech = speech
        self._transport: asyncio.Transport | None = None
        self._boot = 0
        self._inflight = 0
        self._paused = False
        # Bytes and parcels under way to the database.
        self._held = 0
        self._reads = 0
        # The queue is full.
        self._full = False
        # Our answers are not being read.
        self._unread = False
        self._ending: bytes | None = None
        self._eof = False
        # Since when all is said and only the device's end is waited for (monotonic seconds).
        self._lingers: float | None = None
        self.source: Source | None = None
        self.key = b""
        self.network = ""
        self.peer = ""
        self.spoke = time.monotonic()
        self.pinged = False

    # -- what the transport calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transport is one in all but name, so this cannot be asserted.
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=UNREAD_BYTES // 4)
        metrics.CONNECTIONS.inc()
        peer = transport.get_extra_info("peername")
        self.network = network(peer[0]) if peer else ""
        self.peer = peer[0] if peer and self._hub.settings.by_address else ""
        self._hub.sessions.opened(self)
        if not self._hub.admission.reads(self.network):
            metrics.DROPPED.labels("suspect").inc()
            self.abort()

    def data_received(self, data: bytes) -> None:
        if self._ending is not None:
            return
        if self._speech.state is State.open:
            self._receive(data)
            return
        got = self._speech.greet(data)
        if isinstance(got, End):
            self.end(got.why)
        elif got is not None:
            self._boot = got.boot
            self._hub.sessions.asked(self)
            self._pace()
            self.key = got.key
            self._hub.admission.ask(got, self.network, self.peer, self._judged)
        elif self._speech.held > LINE_BYTES:
            self._pace()

    def eof_received(self) -> bool:
        """The device will send no more: commit and acknowledge what it sent, then close."""
        self._eof = True
        if self._speech.state is State.greeting or self._lingers is not None:
            return False
        self._close_if_done()
        return True

    def connection_lost(self, _error: Exception | None) -> None:
        self._transport = None
        metrics.CONNECTIONS.dec()
        self._hub.pipeline.forget(self)
        self._hub.sessions.closed(self)

    def pause_writing(self) -> None:
        metrics.PAUSED.labels("unread").inc()
        self._unread = True
        self._pace()

    def resume_writing(self) -> None:
        self._unread = False
        self._pace()

    # -- what the hub calls

    @property
    def greeted(self) -> bool:
        return self.source is not None

    @property
    def judging(self) -> bool:
        """Its hello was read and is not answered yet."""
        return self._speech.state is State.waiting

    @property
    def busy(self) -> bool:
        """It waits for us: for a commit, or for room in the queue."""
        return self._inflight > 0 or self._full

    @property
    def overdue(self) -> bool:
        """Everything is said and the device does not close."""
        return self._lingers is not None and time.monotonic() - self._lingers > LINGER_S

    @property
    def gone(self) -> bool:
        return self._transport is None or self._ending is not None

    def committed(self, parcels: Sequence[Parcel]) -> None:
        """These parcels are committed: tell the device."""
        done = held = 0
        for parcel in parcels:
            done += parcel.count
            held += parcel.size
        self._inflight = max(0, self._inflight - done)
        self._held = max(0, self._held - held)
        self._reads -= len(parcels)
        self._write(self._speech.acknowledge(parcels))
        self._pace()
        self._close_if_done()

    def room(self) -> None:
        """The pipeline has room again."""
        self._full = False
        self._pace()

    def end(self, why: Ending, retry_ms: int | None = None) -> None:
        """Take no more; say why once everything before is committed and acknowledged."""
        metrics.ENDED.labels(why.value).inc()
        self._finish(self._speech.ending(why, retry_ms))

    def replace(self) -> None:
        """The same device is on another connection: this one ends at once."""
        if not self.gone:
            metrics.ENDED.labels(Ending.replaced.value).inc()
        self._inflight = 0
        self._finish(self._speech.ending(Ending.replaced))

    def goodbye(self, retry_ms: int) -> None:
        """The process goes away: take no more, acknowledge what is held, close."""
        self._finish(self._speech.bye(retry_ms), early=True)

    def drop(self, why: str) -> None:
        """There are too many of its kind: come back later. It has sent nothing to wait for."""
        if self._transport is None or self._ending is not None:
            return
        metrics.DROPPED.labels(why).inc()
        self._ending = b""
        self._transport.write(self._speech.ending(Ending.busy, spread()))
        self._transport.close()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    # -- inside

    def _judged(self, verdict: Verdict) -> None:
        if self._transport is None or self._ending is not None:
            if isinstance(verdict, Admitted):
                self._hub.sessions.left(verdict.source.device_id)
            return
        if isinstance(verdict, Ending):
            self.end(verdict)
            return
        if isinstance(verdict, Busy):
            self.end(Ending.busy, verdict.retry_ms)
            return
        self.source = verdict.source
        if self._hub.sessions.greeted(self):
            self._hub.admission.swapped(self.key)
        settings = self._hub.settings
        self._write(
            self._speech.welcome(
                now=self._hub.clock.now_ms(),
                last=verdict.last,
                window=settings.window,
                idle_s=settings.idle_s,
            )
        )
        self._receive(b"")
        self._pace()
        self._close_if_done()

    def _receive(self, data: bytes) -> None:
        source = self.source
        assert source is not None
        now = self._hub.clock.now_ms()
        block, end = self._speech.receive(data, source.profile, now, source.oldest(now))
        if block.count or block.pings:
            self.spoke = time.monotonic()
        if block.count:
            self._deliver(source, block, now)
        if block.pings:
            self.pinged = True
        if block.reply:
            self._write(block.reply)
        if end is not None:
            self.end(end.why)

    def _deliver(self, source: Source, block: Block, now: int) -> None:
        parcel = Parcel(
            source,
            self._boot,
            now,
            watermark=self._speech.watermark,
            readings=block.readings,
            events=block.events,
            dead=[self._dead(source, rejection) for rejection in block.rejections],
            top=block.top,
            size=block.size,
        )
        self._inflight += parcel.count
        self._held += parcel.size
        self._reads += 1
        if self._held >= self._hub.connection_bytes:
            metrics.PAUSED.labels("connection").inc()
        if not self._hub.pipeline.put(parcel, self):
            self._full = True
        self._pace()

    def _dead(self, source: Source, rejection: Rejection) -> DeadRow:
        if self._speech.watermark:
            return DeadRow(new_id("dl"), rejection)
        # It may have been sent before, and is one dead letter then.
        device = source.device_id.to_bytes(8)
        return DeadRow(content_id("dl", device, rejection.raw), rejection)

    def _pace(self) -> None:
        """Read on, or stop reading: nothing is dropped."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        stop = (
            self._speech.state is State.waiting
            or self._full
            or self._unread
            or self._reads >= READS
            or self._inflight >= self._hub.window
            or self._held >= self._hub.connection_bytes
            or self._ending is not None
        ) and self._lingers is None
        if stop != self._paused:
            self._paused = stop
            if stop:
                if self._inflight >= self._hub.settings.window:
                    _WINDOW_FULL.inc()
                transport.pause_reading()
            else:
                transport.resume_reading()

    def _finish(self, line: bytes, *, early: bool = False) -> None:
        if self._ending is not None:
            return
        if early:
            self._write(line)
        self._ending = b"" if early else line
        self._pace()
        self._close_if_done()

    def _close_if_done(self) -> None:
        if self._inflight > 0 or self._transport is None or self._lingers is not None:
            return
        if self._ending is not None:
            self._write(self._ending)
            self._say_no_more(self._transport)
        elif self._eof and self._speech.state is State.open:
            self._transport.close()

    def _say_no_more(self, transport: asyncio.Transport) -> None:
        """End our side and read on until the device ends its own.

        Closing while it still sends would reset the connection, and what it has not read yet,
        acknowledgements among it, would be lost on the way.
        """
        if self._eof:
            transport.close()
            return
        self._lingers = time.monotonic()
        self._inflight = 0
        try:
            transport.write_eof()
        except OSError:
            transport.abort()  # the device reset the connection, which we were about to hear
            return
        self._pace()
        if self.source is None:
            self._hub.sessions.refused(self)

    def _write(self, data: bytes) -> None:
        transport = self._transport
        # What a replaced connection sent may be committed after our side of it has ended.
        if not data or transport is None or transport.is_closing() or self._lingers is not None:
            return
        transport.write(data)
        if transport.get_write_buffer_size() > UNREAD_BYTES:
            metrics.ENDED.labels("unread").inc()
            transport.abort()
