from copy import deepcopy

import pytest

from infra.plan.scale import template
from infra.plan.scale.resources import Templates
from tests.plan.scale.described import EDGE, SERVICES, Body, ReadService


@pytest.fixture
def stacks() -> dict[str, Body]:
    """The templates, to be changed at will."""
    return {"services": {"Resources": deepcopy(SERVICES)}, "edge": deepcopy(EDGE)}


@pytest.fixture
def read(stacks: dict[str, Body]) -> ReadService:
    """Reads a service of `stacks` as they are when it is called."""
    return lambda app: template.service(Templates(stacks), app)
