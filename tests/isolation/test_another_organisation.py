"""Nothing of one organisation is seen, changed or even confirmed to be there by another's people
and keys, whatever ids they name.
"""

import pytest

from tests.isolation.callers import APPS
from tests.isolation.conftest import Walks, World
from tests.isolation.foreign import cursors, idempotency, ids, own

pytestmark = pytest.mark.parametrize("database_url", ["mariadb"], indirect=True, scope="session")
each_app = pytest.mark.parametrize("app", APPS)


@each_app
async def test_ids_of_another_organisation_are_as_if_they_were_not_there(
    walks: Walks, world: World, app: str
) -> None:
    wrong = await ids(walks[app], world)
    assert not wrong, "\n".join(wrong)


@each_app
async def test_answers_about_what_is_ones_own_show_nothing_of_another_organisation(
    walks: Walks, world: World, app: str
) -> None:
    wrong = await own(walks[app], world)
    assert not wrong, "\n".join(wrong)


@each_app
async def test_cursors_of_another_organisation_lead_nowhere(
    walks: Walks, world: World, app: str
) -> None:
    wrong = await cursors(walks[app], world)
    assert not wrong, "\n".join(wrong)


@each_app
async def test_an_idempotency_key_of_another_organisation_repeats_nothing(
    walks: Walks, world: World, app: str
) -> None:
    wrong = await idempotency(walks[app], world)
    assert not wrong, "\n".join(wrong)
