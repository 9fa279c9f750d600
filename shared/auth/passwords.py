"""Passwords: what is taken as one (NIST SP 800-63B), and Argon2id (RFC 9106) of it."""

import asyncio
import unicodedata
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import Argon2Error, InvalidHashError

from shared.auth.common import is_common
from shared.errors import Invalid, TooMany
from shared.ids import new_secret

# NIST SP 800-63B rev. 4, 3.1.1.2: 15 where it is the only factor. It would take 8 beside another;
# but that can be removed, and the password stays.
SHORTEST: Final = 15
# It asks for 64 at least to be taken; the bound is what hashing an input may cost.
LONGEST: Final = 256
# OWASP's parameters for little memory: 19 MiB, two passes, one lane: ~25 ms of a core.
MEMORY_KIB: Final = 19_456
PASSES: Final = 2
# Each takes a core and 19 MiB for its time: two at once leave a small task its breath.
AT_ONCE: Final = 2
# Who would wait for longer than some seconds is told to come again.
WAITING: Final = 64
RETRY_AFTER_S: Final = 5

T = TypeVar("T")


class Unacceptable(Invalid):
    code = "password_unacceptable"
    title = "This password cannot be taken"


def check(password: str, *, about: Iterable[str] = ()) -> None:
    """Raises `Unacceptable`, saying what to do, for a password that is too short, too long or
    common. `about`: what the person and the site are called. Any character may be in it.
    """
    text = _normal(password)
    if len(text) < SHORTEST:
        raise Unacceptable(f"use {SHORTEST} characters or more; a few words make a good password")
    if len(text) > LONGEST:
        raise Unacceptable(f"use {LONGEST} characters at most")
    if _bytes(password) is None:
        raise Unacceptable("it has a character that is none; type it again")
    if is_common(password, about):
        raise Unacceptable(
            "this password is easy to guess; a few words that nobody expects are not"
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a password was right; `rehash`: what to store instead, where parameters changed."""

    right: bool
    rehash: str | None = None


class Passwords:
    """Argon2id in a few threads. One for each process."""

    def __init__(
        self,
        *,
        memory_kib: int = MEMORY_KIB,
        passes: int = PASSES,
        at_once: int = AT_ONCE,
        waiting: int = WAITING,
    ) -> None:
        self._hasher = PasswordHasher(
            time_cost=passes, memory_cost=memory_kib, parallelism=1, type=Type.ID
        )
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="argon2")
        self._most = at_once + waiting
        self._asked = 0
        # What an unknown account is checked against: of nothing, so nothing fits.
        self._nobody = self._hasher.hash(new_secret())

    async def hash(self, password: str) -> str:
        """What to store: Argon2id with salt and parameters. Raises `TooMany`, `Unacceptable`."""
        given = _bytes(password)
        if given is None or len(password) > LONGEST:
            raise Unacceptable
        return await self._run(lambda: self._hasher.hash(given))

    async def verify(self, stored: str | None, password: str) -> Verdict:
        """Whether `password` is the one `stored` was made of. Raises `TooMany`.

        `stored` is none where there is no such account, or it has no password: that takes as long.
        """
        given = _bytes(password)
        fits = stored is not None and given is not None and len(password) <= LONGEST
        against = stored if stored is not None and fits else self._nobody
        return await self._run(lambda: self._verdict(against, given if given and fits else b""))

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _verdict(self, stored: str, given: bytes) -> Verdict:
        try:
            self._hasher.verify(stored, given)
        except (Argon2Error, InvalidHashError):
            return Verdict(right=False)
        outdated = self._hasher.check_needs_rehash(stored)
        return Verdict(right=True, rehash=self._hasher.hash(given) if outdated else None)

    async def _run(self, work: Callable[[], T]) -> T:
        if self._asked >= self._most:
            raise TooMany("many people sign in just now; try again", retry_after=RETRY_AFTER_S)
        self._asked += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._asked -= 1


def _normal(password: str) -> str:
    # The same password typed on another keyboard may come as other code points.
    return unicodedata.normalize("NFKC", password)


def _bytes(password: str) -> bytes | None:
    """What is hashed; none for half a character, which UTF-8 has no bytes for."""
    try:
        return _normal(password).encode()
    except UnicodeEncodeError:
        return None
