"""Whoever makes a request: a machine with a key, or a person who signed in."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.errors import Forbidden


class NotFresh(Forbidden):
    """The person signed in too long ago for this; a factor shown again makes it possible."""

    code = "fresh_sign_in_needed"
    title = "Confirm that it is you"


@dataclass(frozen=True, slots=True)
class Sight:
    """An organisation, and of its devices those in `groups` (numbers); none: all of them."""

    org_id: int
    groups: frozenset[int] | None = None


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks, in which organisation, and what they may do there.

    `actor` is the public id that the audit shows. Of a key `key_id` is set; of a person
    `person_id`, `sign_in_id` and `fresh_at`, when a factor was last shown. `support`: a person of
    the platform's support, let in by the organisation for a time. `groups`: the numbers of the
    groups whose devices alone a member sees; none: all devices.
    """

    org_id: int
    org_public_id: str
    actor: str
    permissions: frozenset[str]
    key_id: int | None = None
    person_id: int | None = None
    sign_in_id: int | None = None
    fresh_at: datetime | None = None
    support: bool = False
    groups: frozenset[int] | None = None

    @property
    def sight(self) -> Sight:
        """What they see."""
        return Sight(self.org_id, self.groups)

    def require_fresh(self, now: datetime, within: timedelta) -> None:
        """Raises `NotFresh` for a person who showed no factor `within` the time before `now`.

        A key shows itself with each request.
        """
        if self.fresh_at is not None and not is_fresh(self.fresh_at, now, within):
            raise NotFresh("confirm that it is you, then do this again")


def is_fresh(fresh_at: datetime, now: datetime, within: timedelta) -> bool:
    """Whether a factor was shown `within` the time before `now`."""
    return now - fresh_at <= within
