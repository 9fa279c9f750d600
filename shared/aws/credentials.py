"""AWS credentials of this task, fetched off the event loop and ahead of their end."""

import asyncio
import logging
from collections.abc import Callable
from contextvars import Context
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar

import botocore.session

from shared.clock import Clock, SystemClock
from shared.errors import Unavailable
from shared.telemetry.clean import clean

# botocore asks for new ones from 15 minutes before the end, not earlier: so do we.
AHEAD = timedelta(minutes=15)
# What is signed with credentials counts only while they do: leave time to connect.
MARGIN = timedelta(seconds=15)
# How long to leave a failing source alone while there still are valid credentials.
RETRY = timedelta(seconds=30)
# How long a connection waits for credentials when there are none. The fetch itself goes on.
WAIT_S = 10.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Credentials:
    """An access key. `token` goes with a role's key, `expires_at` is None for one that stays."""

    access_key: str
    secret_key: str = field(repr=False)
    token: str | None = field(default=None, repr=False)
    expires_at: datetime | None = None


# Gets credentials and may block for seconds (HTTP, retries, sleeps): called in a thread only.
Fetch = Callable[[], Credentials]


class CredentialsUnavailable(Unavailable):
    """There are no AWS credentials, or only ones that have ended; the detail says why."""

    code: ClassVar[str] = "credentials_unavailable"
    title: ClassVar[str] = "There are no AWS credentials"


class BotocoreFetch:
    """Credentials from wherever botocore finds them: environment, profile, the task's role."""

    def __init__(self) -> None:
        self._session: Any = None

    def __call__(self) -> Credentials:
        if self._session is None:
            self._session = botocore.session.Session()
        found = self._session.get_credentials()
        if found is None:
            raise CredentialsUnavailable(
                "no AWS credentials were found: give the task a role, "
                "or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
            )
        frozen = found.get_frozen_credentials()
        return Credentials(
            frozen.access_key,
            frozen.secret_key,
            frozen.token,
            # Nothing public says when they end; credentials that stay do not have it.
            getattr(found, "_expiry_time", None),
        )


class TaskCredentials:
    """Hands out valid credentials; at most one fetch is under way, always in a thread.

    From 15 minutes before their end, whoever asks gets those that are held at once while new ones
    are fetched beside. A fetch that is slow or fails matters only when the held ones have ended.
    """

    def __init__(self, fetch: Fetch | None = None, *, clock: Clock | None = None) -> None:
        self._fetch = fetch or BotocoreFetch()
        self._clock = clock or SystemClock()
        self._held: Credentials | None = None
        self._fetching: asyncio.Task[Credentials] | None = None
        self._tried_at: datetime | None = None

    async def get(self) -> Credentials:
        """Credentials that count for another 15 seconds at least.

        Raises `CredentialsUnavailable` when there are none.
        """
        held = self._held
        if held is None or self._ends_within(held, MARGIN):
            return await self._wait()
        if self._ends_within(held, AHEAD) and self._may_try():
            self._start()
        return held

    def _ends_within(self, held: Credentials, time: timedelta) -> bool:
        return held.expires_at is not None and held.expires_at - self._clock.now() <= time

    def _may_try(self) -> bool:
        return self._tried_at is None or self._clock.now() - self._tried_at >= RETRY

    async def _wait(self) -> Credentials:
        try:
            # Shielded: others wait for the same fetch.
            return await asyncio.wait_for(asyncio.shield(self._start()), WAIT_S)
        except TimeoutError:
            raise CredentialsUnavailable(
                f"AWS credentials did not arrive within {WAIT_S:g} s"
            ) from None

    def _start(self) -> asyncio.Task[Credentials]:
        if self._fetching is None or self._fetching.done():
            self._tried_at = self._clock.now()
            # For whoever waits: what it logs is not of the request that happens to begin it.
            alone = Context()
            self._fetching = asyncio.create_task(
                self._renew(), name="aws-credentials", context=alone
            )
            self._fetching.add_done_callback(self._report, context=alone)
        return self._fetching

    async def _renew(self) -> Credentials:
        try:
            new = await asyncio.to_thread(self._fetch)
        except CredentialsUnavailable:
            raise
        except Exception as error:
            raise CredentialsUnavailable(
                f"AWS credentials could not be fetched: {type(error).__name__}: {clean(str(error))}"
            ) from error
        if self._ends_within(new, MARGIN):
            raise CredentialsUnavailable("the AWS credentials that were fetched have ended")
        self._held = new
        return new

    def _report(self, fetching: asyncio.Task[Credentials]) -> None:
        if fetching.cancelled() or fetching.exception() is None:
            return
        until = self._held.expires_at if self._held else None
        log.warning("%s (those held end at %s)", fetching.exception(), until)
