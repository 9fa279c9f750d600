"""Passkeys, from the first one to signing in with nothing else."""

from tests.administration.factors.conftest import FACTORS, Desk


async def test_a_passkey_alone_signs_in(desk: Desk) -> None:
    await desk.add_passkey("Telephone")
    assert "Telephone" in (await desk.open(FACTORS)).text
    desk.leave()
    answer = await desk.show_passkey(then="/account/factors")
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"to": "/account/factors"}
    assert "Telephone" in (await desk.open(FACTORS)).text
