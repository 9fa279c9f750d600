"""Who is limited to a group of devices sees and changes those alone: the others are not there,
whatever the role says and however they are named.
"""

import pytest

from tests.isolation.callers import APPS
from tests.isolation.conftest import Walks, World
from tests.isolation.limited import seen, unseen

pytestmark = pytest.mark.parametrize("database_url", ["mariadb"], indirect=True, scope="session")
each_app = pytest.mark.parametrize("app", APPS)


@each_app
async def test_devices_of_other_groups_are_as_if_they_were_not_there(
    walks: Walks, world: World, app: str
) -> None:
    wrong = await unseen(walks[app], world)
    assert not wrong, "\n".join(wrong)


@each_app
async def test_answers_have_nothing_of_devices_of_other_groups(
    walks: Walks, world: World, app: str
) -> None:
    wrong = await seen(walks[app], world)
    assert not wrong, "\n".join(wrong)
