"""Which of these routes an app has."""

from fastapi import APIRouter

from shared.web.entry import arrive, home, leave
from shared.web.entry.detours import ADMINISTRATION
from shared.web.returns import APPS


def routers(app: str) -> list[APIRouter]:
    """Administration has a `/sign-in` of its own; what is none of the six apps has no pages."""
    if app not in APPS:
        return []
    return [home.router, leave.router, *([] if app == ADMINISTRATION else [arrive.router])]
