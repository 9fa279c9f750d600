"""A change that a request makes: who makes it, when, and who hears of it after the commit."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request

from shared.auth.audit import Origin
from shared.auth.keys import Principal
from shared.clock import Clock
from shared.devices import news
from shared.jobs import wake
from shared.web.dependencies import after_commit, allow, origin, services


@dataclass(frozen=True, slots=True)
class Change:
    """`origin` and `now` go into the audit. What is told is told once it is committed."""

    request: Request
    principal: Principal
    origin: Origin
    clock: Clock
    now: datetime

    def wake(self, queue: str) -> None:
        """Tell the workers of `queue` that it has a job."""
        bus = services(self.request).bus
        after_commit(self.request, lambda: wake(bus, queue))

    def tell_ingest(self, devices: Iterable[str] = (), *, everything: bool = False) -> None:
        """Say of which devices (public ids), or of all, what was known no longer holds."""
        bus = services(self.request).bus
        channel, data = news(self.principal.org_public_id, devices, everything=everything)
        after_commit(self.request, lambda: bus.publish(channel, data))


def change(scope: str) -> Callable[..., Change]:
    """A dependency: a change by a caller whose key has `scope`."""

    def made(request: Request, principal: Annotated[Principal, Depends(allow(scope))]) -> Change:
        clock = services(request).clock
        return Change(request, principal, origin(request, principal), clock, clock.now())

    return made
