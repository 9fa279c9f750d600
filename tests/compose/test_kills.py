"""Containers that end without a word, in turn, while devices send: nothing acknowledged is lost."""

import asyncio
import signal
import time

import pytest

from tests.compose import figures
from tests.compose.ledger import Front, talking
from tests.compose.stack import ONCE, Stack

# What the devices here do without: these are killed one after the other, and come back together.
ASIDE = ("administration", "billing", "loyalty", "mosquitto", "reporting")
# Each is killed in the middle of its draining after so many seconds.
DRAINING = {"ingest": 0.05, "api": 0.05, "dashboarding": 0.05, "nginx": 0.02}


@pytest.mark.timeout(420)
async def test_nothing_acknowledged_is_lost_or_doubled_whoever_is_killed(
    stack: Stack, front: Front
) -> None:
    victims = sorted(stack.services(running=True) - ONCE - set(ASIDE))
    assert {"ingest", "api", "mysql", "valkey", "nginx", "fleet"} <= set(victims)
    took: dict[str, float] = {}
    async with talking(front) as ledger:
        ends = await asyncio.gather(*(_kill(stack, victim) for victim in ASIDE))
        took |= zip(ASIDE, ends, strict=True)
        await ledger.flows()
        for victim in victims:
            took[victim] = await _kill(stack, victim)
            await ledger.flows()
        for victim, seconds in DRAINING.items():
            took[f"{victim}, draining"] = await _kill(stack, victim, drains_s=seconds)
            await ledger.flows()
    missing, doubled = await ledger.missing_and_doubled()
    figures.note(f"{sum(ledger.progress):,} acknowledged, {missing} missing, {doubled} doubled")
    times = ", ".join(f"{name} {seconds:.1f}" for name, seconds in took.items())
    figures.note(f"seconds from the kill until well again: {times}")
    failures = dict(ledger.posters[0].failures)
    figures.note(f"answers over HTTP that were none, and were tried again: {failures}")
    assert (missing, doubled) == (0, 0)


async def _kill(stack: Stack, victim: str, *, drains_s: float | None = None) -> float:
    """Kill -9, after SIGTERM if it is to drain before; returns the seconds until it is well."""
    since, process = stack.started(victim), stack.process(victim)
    began = time.monotonic()
    if drains_s is not None:
        stack.send(victim, process, signal.SIGTERM)
        await asyncio.sleep(drains_s)
    stack.send(victim, process, signal.SIGKILL)
    await stack.comes_back(victim, since)
    return time.monotonic() - began
