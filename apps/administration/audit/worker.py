"""Administration's worker of the audit: seals every few seconds, prunes every hour."""

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta

from apps.administration.audit import keeping
from apps.administration.audit.keeping import Keeper
from apps.administration.audit.sealing import Sealer
from apps.administration.settings import AdministrationSettings
from shared.auth.signing import Signer
from shared.web.app import Background
from shared.web.services import Services

EVERY_S = 5.0
PRUNE_EVERY = timedelta(hours=1)


def sealing(here: Services, keeper: Keeper) -> Background:
    """A background task: every entry has its place in the chain within seconds."""

    async def run(stop: asyncio.Event) -> None:
        pruned: datetime | None = None
        while not stop.is_set():
            now = here.clock.now()
            await keeper.sealer.seal_all(now)
            if pruned is None or now - pruned >= PRUNE_EVERY:
                await keeping.prune_all(here.database, keeper, now)
                pruned = now
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), EVERY_S)

    return run


def make_keeper(here: Services, settings: AdministrationSettings) -> Keeper:
    """What seals, signs and keeps the audit in this process."""
    signer, before = Signer(settings.secret.get_secret_value()), settings.secret_before
    former = settings.audit_former_keys.split()
    if before is not None:
        former.append(Signer(before.get_secret_value()).public)
    sealer = Sealer(here.database, signer, former)
    return Keeper(sealer, signer.public, settings.audit_kept_days)
