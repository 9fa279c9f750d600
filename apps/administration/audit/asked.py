"""What routes of the audit ask for besides a caller."""

from typing import Annotated

from fastapi import Depends, Request

from apps.administration.audit.keeping import Keeper
from shared.web.streaming import Slots


def _keeper(request: Request) -> Keeper:
    found: Keeper = request.app.state.audit_keeper
    return found


def _slots(request: Request) -> Slots:
    found: Slots = request.app.state.audit_exports
    return found


KeeperOf = Annotated[Keeper, Depends(_keeper)]
SlotsOf = Annotated[Slots, Depends(_slots)]
