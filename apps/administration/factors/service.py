"""What a person has besides a password."""

import logging
from datetime import datetime

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession

from apps.administration.factors import repository, rules
from shared.auth.throttle import Throttle
from shared.sealed import Seal, Unreadable
from shared.web.services import Services

TOTP = "totp"
RECOVERY = "recovery"

log = logging.getLogger(__name__)


async def second_needed(session: AsyncSession, person_id: int) -> bool:
    """Whether a password or a link alone does not let this person in."""
    return await repository.totp(session, person_id) is not None


async def check_code(
    request: Request,
    session: AsyncSession,
    person_id: int,
    text: str,
    now: datetime,
    *,
    device: str | None = None,
) -> str | None:
    """`totp` or `recovery` where `text` is a code of theirs that was not used yet.

    Call it before the session's first statement: guesses are counted in a transaction of their
    own, and SQLite has one writer. `device` is what `Devices.find` says. Raises `Throttled`.
    """
    here: Services = request.app.state.services
    secret = here.settings.secret.get_secret_value()
    throttle = Throttle(secret, "second factor")
    address = request.client.host if request.client else None
    attempt = await throttle.admit(here.database, str(person_id), address, now, device=device)
    kind = await _kind(session, Seal(secret, "one-time codes"), person_id, text, now)
    if kind is not None:
        await throttle.passed(session, attempt, now)
    return kind


async def _kind(
    session: AsyncSession, seal: Seal, person_id: int, text: str, now: datetime
) -> str | None:
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
