"""What proves a mail domain, and for how long without being seen."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

PREFIX: Final = "fortress-domain="
MOST_DOMAINS: Final = 20
CHECK_EVERY: Final = timedelta(days=1)
# So long a proof may be missing: a zone that is moved loses records for days.
GRACE: Final = timedelta(days=7)


class Verdict(StrEnum):
    """What a look at DNS means for a domain that was proved."""

    holds = "holds"
    waits = "waits"
    over = "over"


def record_of(token: str) -> str:
    """The text that has to stand in DNS."""
    return PREFIX + token


def proves(texts: Iterable[str], token: str) -> bool:
    """Whether one of a domain's TXT records is the proof."""
    return record_of(token) in (text.strip() for text in texts)


def verdict(found: bool, missing_since: datetime | None, now: datetime) -> Verdict:
    """Whether a proved domain stays so. `missing_since`: when the proof was first not found."""
    if found:
        return Verdict.holds
    return Verdict.over if missing_since and now - missing_since >= GRACE else Verdict.waits
