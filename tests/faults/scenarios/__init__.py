"""The faults, by name: each tried on a rig of its own."""

from collections.abc import Awaitable, Callable

from tests.faults.rig import Outcome
from tests.faults.scenarios import (
    bus,
    clock,
    database,
    disk,
    kills,
    locks,
    network,
    noise,
    peers,
    profiles,
    strangers,
)
from tests.faults.size import Size
from tests.support.mariadb_process import MariadbProcess

Scenario = Callable[[MariadbProcess, Size], Awaitable[Outcome]]

SCENARIOS: dict[str, Scenario] = {
    "ingest killed": kills.ingest_killed,
    "database killed": kills.database_killed,
    "both killed": kills.both_killed,
    "database stopped": database.stopped,
    "database read-only": database.read_only,
    "database out of connections": database.out_of_connections,
    "deadlock": locks.deadlock,
    "lock wait": locks.lock_wait,
    "disk full": disk.full,
    "devices cut off": network.devices_cut,
    "devices silent": network.devices_silent,
    "devices slow": network.devices_slow,
    "way to the database cut": network.database_cut,
    "way to the database silent": network.database_silent,
    "way to the database slow": network.database_slow,
    "bus killed": bus.killed,
    "bus stopped": bus.stopped,
    "clock jumps": clock.jumps,
    "wrong tokens": strangers.wrong_tokens,
    "no hello": strangers.no_hello,
    "noisy device": noise.device,
    "noisy organisation": noise.organisation,
    "peers that never read": peers.never_read,
    "peers that are gone": peers.gone,
    "profile changes": profiles.changes,
}
