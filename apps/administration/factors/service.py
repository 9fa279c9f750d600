"""What a person has besides a password."""

import logging
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from apps.administration.factors import repository, rules
from shared.sealed import Seal, Unreadable
from shared.settings import SealingSettings

TOTP = "totp"
RECOVERY = "recovery"

log = logging.getLogger(__name__)


async def second_needed(session: AsyncSession, person_id: int) -> bool:
    """Whether a password or a link alone does not let this person in."""
    return await repository.totp(session, person_id) is not None


def make_seal(settings: SealingSettings) -> Seal:
    """What secrets of one-time codes are sealed with, drawn from FORTRESS_SECRET."""
    return Seal.of(settings, "one-time codes")


async def check_code(
    session: AsyncSession, person_id: int, text: str, now: datetime, *, seal: Seal
) -> str | None:
    """`totp` or `recovery` where `text` is a code of theirs that was not used yet; now it is.

    Guesses are counted by the caller, before it asks.
    """
    if await _is_totp(session, seal, person_id, text, now):
        return TOTP
    code = rules.recovery_code(text)
    if code is not None and await repository.use_recovery_code(session, person_id, code, now):
        return RECOVERY
    return None


async def _is_totp(
    session: AsyncSession, seal: Seal, person_id: int, text: str, now: datetime
) -> bool:
    row = await repository.totp(session, person_id)
    if row is None:
        return False
    try:
        secret = seal.open(row.secret, label=str(person_id))["secret"]
    except Unreadable:
        # Recovery codes and passkeys go on.
        log.exception("the one-time codes of a person cannot be checked")
        return False
    step = rules.step_of(secret, text, now.timestamp(), row.last_step)
    return step is not None and await repository.count_step(session, person_id, step)
