"""What the log says of factors that were wrong."""

from collections.abc import Iterator

import pytest

from tests.administration.factors.conftest import CONFIRM, SIGN_IN, Desk
from tests.support.logged import Lines, logged, of_requests

HERE = {"app": "administration", "address": "127.0.0.1"}


@pytest.fixture
def lines() -> Iterator[Lines]:
    with logged() as found:
        yield found


async def test_a_passkey_that_is_refused_is_said_from_where(bare: Desk, lines: Lines) -> None:
    bare.leave()
    answer = bare.device.get(await bare.options(SIGN_IN))
    answer["signature"] = answer["signature"][:-8] + "AAAAAAAA"
    assert (await bare.call(SIGN_IN, answer)).status_code in (400, 403)
    (said,) = [line for line in lines() if "of a passkey was refused" in line["message"]]
    assert said.items() >= HERE.items()
    request = of_requests(lines)[-1]
    assert request["problem"] == "passkey_refused"
    assert request.items() >= HERE.items()


async def test_one_that_is_refused_to_who_is_signed_in_names_them(bare: Desk, lines: Lines) -> None:
    answer = bare.device.get(await bare.options(CONFIRM))
    answer["signature"] = answer["signature"][:-8] + "AAAAAAAA"
    await bare.call(CONFIRM, answer)
    (said,) = [line for line in lines() if "of a passkey was refused" in line["message"]]
    assert said.items() >= (HERE | {"who": bare.person.public_id}).items()
