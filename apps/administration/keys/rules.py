"""Who may hand out and take away which keys: values in, verdicts out."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

MOST_SCOPES = 100
# What opens the door for all others; without one key that has it nobody can make keys.
MANAGING = "keys:write"


@dataclass(frozen=True, slots=True)
class Standing:
    """A key that is not revoked: its row's number, what it may do and when it ends."""

    id: int
    scopes: frozenset[str]
    expires_at: datetime | None

    def manages(self, now: datetime) -> bool:
        """Whether it can make keys now."""
        return MANAGING in self.scopes and (self.expires_at is None or self.expires_at > now)


def excess(wanted: Iterable[str], own: frozenset[str]) -> list[str]:
    """The scopes in `wanted` that a key with `own` cannot hand out, sorted."""
    return sorted(set(wanted) - own)


def outlives(wanted: datetime | None, own: datetime | None) -> bool:
    """Whether a key that ends at `wanted` lives longer than its maker; none is for ever."""
    return own is not None and (wanted is None or wanted > own)


def leaves_a_manager(standing: Iterable[Standing], revoked: int, now: datetime) -> bool:
    """Whether a key that manages keys is left once the key numbered `revoked` is gone.

    True too where there was none before: then nothing gets worse.
    """
    return leaves_one_without(standing, {revoked}, now)


def leaves_one_without(standing: Iterable[Standing], gone: Collection[int], now: datetime) -> bool:
    """The same, of several keys that go together."""
    managers = {key.id for key in standing if key.manages(now)}
    left = managers.difference(gone)
    return bool(left) or left == managers
