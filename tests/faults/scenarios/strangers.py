"""Thousands that are nobody's devices."""

from contextlib import AsyncExitStack

from tests.faults.crowds import Crowd, crowd
from tests.faults.honest import Honest, honest
from tests.faults.rig import Outcome, Rig, rig
from tests.faults.size import Size
from tests.support.mariadb_process import MariadbProcess
from tests.support.pulses import Waits

# The crowd's; some honest devices are behind the same one.
CROWD = "127.0.0.1"
NEWCOMERS = "127.0.0.3"
HONEST = [CROWD] * 10 + ["127.0.0.2"] * 10
# Connections that a process of the crowd holds: it may not have many more open.
EACH = 5_000
ADDRESSES = [f"127.0.{block}.{host}" for block in range(1, 5) for host in range(1, 251)]
WRONG = 'fortress_ingest_hellos_total{outcome="unauthorized"}'
PUT_OFF = 'fortress_ingest_hellos_total{outcome="suspect"}'
UNREAD = 'fortress_ingest_dropped_total{why="suspect"}'
GREETING = "fortress_ingest_greeting"
DROPPED = 'fortress_ingest_dropped_total{why="greeting"}'


async def wrong_tokens(server: MariadbProcess, size: Size) -> Outcome:
    """Somebody guesses, for a uid that exists and for others, without waiting for the answers."""
    async with rig(server) as tried, honest(tried, size, HONEST) as some:
        quiet = await some.lasts(size.crowd_s)
        tried.remember_memory()
        used = tried.ingest.cpu_s
        guesses = [some.pulses[0].device.uid, ""]
        async with crowd(
            "strangers",
            tried.ingest.port,
            rate=size.guesses,
            addresses=[CROWD],
            guesses=guesses,
        ) as there:
            await tried.said(PUT_OFF)
            beset = await some.lasts(size.crowd_s, coming=NEWCOMERS)
        judged = await tried.value(WRONG)
        used = tried.ingest.cpu_s - used
        unread = await tried.value(UNREAD)
        _say(tried, some, quiet, beset)
        met = there.met
        tried.outcome.say(
            f"{met['offered'] / met['seconds']:,.0f} wrong tokens a second from one address"
            f" ({size.guesses:,} wanted), {unread / met['seconds']:,.0f}/s of them closed unread,"
            f" {judged / met['seconds']:,.0f}/s looked up and answered after"
            f" {met['unauthorized_s']:.1f} s, the others put off; ingest used"
            f" {used / met['seconds']:.2f} cores"
        )
        tried.outcome.say(f"answers: {_words(there)}")
    return tried.outcome


async def no_hello(server: MariadbProcess, size: Size) -> Outcome:
    """They connect and say nothing, and come back as soon as they are closed."""
    async with (
        rig(server, most_greeting=size.greeting) as tried,
        honest(tried, size, HONEST) as some,
    ):
        quiet = await some.lasts(size.crowd_s)
        tried.remember_memory()
        async with AsyncExitStack() as crowds:
            hold = min(EACH, size.silent)
            there = [
                await crowds.enter_async_context(
                    crowd(
                        "strangers",
                        tried.ingest.port,
                        rate=size.silent / 4,
                        addresses=ADDRESSES,
                        guesses=[],
                        hold=hold,
                    )
                )
                for _ in range(size.silent // hold)
            ]
            await tried.said(GREETING, size.greeting * 0.9)
            beset = await some.lasts(size.crowd_s, coming=NEWCOMERS, watched=GREETING)
        dropped = await tried.value(DROPPED)
        most = some.most[GREETING]
        assert most <= size.greeting, most
        assert dropped > 0
        _say(tried, some, quiet, beset)
        offered = sum(one.met["offered"] for one in there)
        held = sum(one.met["most_open"] for one in there)
        tried.outcome.say(
            f"{held:,} held open by the crowd, {offered:,} connections made; at most {most:,.0f}"
            f" without a hello in ingest, {dropped:,.0f} of the oldest closed: {_words(*there)}"
        )
    return tried.outcome


def _say(tried: Rig, some: Honest, quiet: Waits, beset: Waits) -> None:
    came = sorted(some.newcomers)
    tried.outcome.p99_ms = beset.p99
    tried.outcome.say(f"acknowledgements before: {quiet}")
    tried.outcome.say(
        f"meanwhile: {beset}; {len(came)} devices came in, the slowest in {came[-1]:,.0f} ms;"
        f" memory at most {some.most_rss_mib:.0f} MiB"
    )


def _words(*crowds: Crowd) -> str:
    words = {word for one in crowds for word in one.met["answers"]}
    counts = {word: sum(one.met["answers"].get(word, 0) for one in crowds) for word in words}
    return ", ".join(f"{count:,} {word}" for word, count in sorted(counts.items())) or "none"
