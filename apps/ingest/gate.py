"""How many may come in, and how often something went wrong lately. Pure; times in seconds."""

from ipaddress import IPv6Address
from typing import Final

# Nobody is sent away for longer than this at once.
LONGEST_WAIT_S: Final = 60.0
# What is counted above this is forgotten no later than what is counted up to it.
MOST_COUNTED: Final = 1_000.0


class Bucket:
    """Lets `burst` through at once and `rate` a second, and gives who comes beyond a place later.

    The places are spread as widely as `rate` needs, so that those sent away do not come together.
    """

    def __init__(self, rate: float, burst: float) -> None:
        self._rate = rate
        self._burst = burst
        self._left = burst
        self._at = 0.0
        self._free = 0.0

    def take(self, now: float) -> float:
        """0: come in. Otherwise the seconds after which there is a place."""
        self._left = min(self._burst, self._left + (now - self._at) * self._rate)
        self._at = now
        if self._left >= 1:
            self._left -= 1
            return 0.0
        self._free = min(max(self._free, now) + 1 / self._rate, now + LONGEST_WAIT_S)
        return self._free - now


class Tally:
    """Counts by key; `allowed` of them are forgotten in `window_s`, so are keys, and the keys that
    are longest unheard of when there are more than `most`.
    """

    def __init__(self, *, allowed: float, window_s: float, most: int) -> None:
        self._allowed = allowed
        self._a_second = allowed / window_s
        self._most = most
        self._counts: dict[str | bytes, tuple[float, float]] = {}

    def __len__(self) -> int:
        return len(self._counts)

    def add(self, key: str | bytes, now: float) -> float:
        """Count once more; returns how many are above what is allowed (0 or more)."""
        count = min(self._count(key, now) + 1, MOST_COUNTED)
        self._counts.pop(key, None)
        self._counts[key] = (count, now)
        self._expire(now)
        return max(0.0, count - self._allowed)

    def above(self, key: str | bytes, now: float) -> float:
        """How many are above what is allowed."""
        return max(0.0, self._count(key, now) - self._allowed)

    def _count(self, key: str | bytes, now: float) -> float:
        count, at = self._counts.get(key, (0.0, now))
        return max(0.0, count - (now - at) * self._a_second)

    def _expire(self, now: float) -> None:
        """Forget keys from the end that was not heard of for longest."""
        while self._counts:
            oldest = next(iter(self._counts))
            if len(self._counts) <= self._most and self._count(oldest, now) > 0:
                return
            del self._counts[oldest]


def network(address: str) -> str:
    """What is counted together: an IPv4 address, or the /64 of an IPv6 address."""
    if ":" not in address:
        return address
    parsed = IPv6Address(address.partition("%")[0])
    mapped = parsed.ipv4_mapped
    return str(mapped) if mapped else parsed.exploded[:19]
