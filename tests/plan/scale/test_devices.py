import random

import msgspec

from apps.ingest import entrance, server
from infra.plan.scale import capacity, devices, facts
from infra.plan.scale.curves import Curve
from infra.plan.scale.devices import Devices
from infra.plan.scale.model import Service
from infra.plan.scale.tasks import Fleet
from tests.plan.scale.described import ReadService, curve


class Door:
    """Devices of a curve at the door of tasks whose number is given."""

    def __init__(self, load: Curve, service: Service, tasks: int = 1) -> None:
        self.fleet = Fleet(service, facts.delays(), random.Random(0))
        self.fleet.begin(tasks)
        self.devices = Devices(load, service, random.Random(1))
        self.waits: list[int] = []
        self.second = 0

    def run(self, until: int, tasks: int = 1) -> None:
        while self.second < until:
            self.fleet.step(self.second, tasks)
            self.devices.step(self.second, self.fleet)
            self.waits += [wait for wait, count in self.devices.waits for _ in range(count)]
            self.second += 1


def test_a_storm_takes_as_long_as_the_cpu_for_its_hellos(read: ReadService) -> None:
    service = read("ingest")
    door = Door(curve(5_000, 0, over_s=1), service)
    door.run(60)

    seconds = 5_000 * capacity.HELLO_S.value / service.vcpu
    assert seconds <= max(door.waits) <= seconds + 1


def test_more_than_the_door_lets_in_are_busy_and_come_back(read: ReadService) -> None:
    settings = {"FORTRESS_HELLO_RATE": "100", "FORTRESS_HELLO_BURST": "100"}
    door = Door(
        curve(1_000, 0, over_s=1), msgspec.structs.replace(read("ingest"), settings=settings)
    )
    door.run(1)
    first = (door.devices.held, door.devices.refused)
    door.run(120)

    assert first == (100, 900)
    assert door.devices.held == 1_000


def test_devices_share_the_tasks_that_are_there(read: ReadService) -> None:
    door = Door(curve(4_000, 0, over_s=60), read("ingest"), tasks=4)
    door.run(120, tasks=4)

    assert 900 < door.devices.average() <= door.devices.most() < 1_100


def test_a_connection_stays_where_it_is_when_tasks_are_added(read: ReadService) -> None:
    door = Door(curve(2_000, 0, 0, 0, 0, 0, over_s=1), read("ingest"))
    door.run(60)
    door.run(300, tasks=4)

    assert (door.devices.most(), door.devices.average()) == (2_000, 500)


def test_a_device_leaves_when_its_time_is_over(read: ReadService) -> None:
    door = Door(curve(10, 0, 0, over_s=1, hold_s=90), read("ingest"))
    door.run(90)
    before = door.devices.held
    door.run(92)

    assert (before, door.devices.held, door.devices.gone) == (10, 0, 10)


def test_without_a_task_devices_wait_ever_longer_and_are_all_served_in_the_end(
    read: ReadService,
) -> None:
    door = Door(curve(500, 0, 0, 0, over_s=1), read("ingest"), tasks=0)
    door.run(100, tasks=0)
    away = door.devices.waiting
    door.run(700, tasks=1)

    assert (away, door.devices.held) == (500, 500)
    assert max(door.waits) > 100


def test_a_task_that_drains_says_goodbye_and_ends(read: ReadService) -> None:
    door = Door(curve(0, 0, 0, connected=2_000), read("ingest"), tasks=2)
    door.run(5, tasks=2)
    door.fleet.interrupt(5, away_s=1_000)
    door.run(60, tasks=2)

    assert door.devices.held == 2_000
    assert door.devices.average() == 2_000


def test_a_task_that_is_killed_loses_its_devices_and_they_come_back(read: ReadService) -> None:
    slow = {"FORTRESS_BYE_RATE": "1", "FORTRESS_DRAIN_S": "100000"}
    service = msgspec.structs.replace(read("ingest"), settings=slow, stop_timeout_s=10)
    door = Door(curve(0, 0, 0, connected=2_000), service, tasks=2)
    door.run(5, tasks=2)
    door.fleet.interrupt(5, away_s=1_000)
    door.run(16, tasks=2)
    lost = door.devices.waiting
    door.run(60, tasks=2)

    assert lost > 500
    assert door.devices.held == 2_000


def test_a_task_takes_no_more_devices_than_its_memory_holds(read: ReadService) -> None:
    small = msgspec.structs.replace(read("ingest"), memory=160)
    door = Door(curve(5_000, 0, over_s=60), small)
    door.run(90)

    assert door.devices.held == capacity.connections(small) < 1_000


def test_messages_take_their_part_of_the_cpu_from_hellos(read: ReadService) -> None:
    quiet = Door(curve(3_000, 0, over_s=1, connected=3_000), read("ingest"))
    busy = Door(curve(3_000, 0, over_s=1, connected=3_000, message_s=0.5), read("ingest"))
    quiet.run(60)
    busy.run(60)

    assert max(busy.waits) > max(quiet.waits)


def test_a_wait_begins_anew_when_a_connection_ends(read: ReadService) -> None:
    door = Door(curve(0, 0, 0, 0, 0, 0, connected=2_000), read("ingest"), tasks=2)
    door.run(300, tasks=2)
    door.fleet.interrupt(300, away_s=1_000)
    door.run(360, tasks=2)

    assert 1 < max(door.waits) < 60


def test_who_is_turned_away_tries_ever_less_often(read: ReadService) -> None:
    door = Door(curve(100, 0, over_s=1), read("ingest"), tasks=0)
    tries = 0
    for second in range(1, 301):
        door.run(second, tasks=0)
        tries += door.devices.refused

    assert 300 < tries < 2_000


def test_who_was_let_in_begins_again_with_a_short_back_off(read: ReadService) -> None:
    door = Door(curve(100, *[0] * 14, over_s=1), read("ingest"), tasks=0)
    door.run(200, tasks=0)
    tried = min(door.devices._tries)
    door.run(900, tasks=1)

    assert (tried > 3, door.devices.held, set(door.devices._tries)) == (True, 100, {0})


def test_who_waits_long_for_an_answer_hangs_up_and_tries_again(read: ReadService) -> None:
    settings = {"FORTRESS_HELLO_BURST": "60000", "FORTRESS_MOST_WAITING": "60000"}
    service = msgspec.structs.replace(read("ingest"), settings=settings)
    door = Door(curve(35_000, 0, 0, over_s=1), service)
    door.run(16)
    hung_up = door.devices.refused
    door.run(180)

    assert hung_up > 1_000
    assert door.devices.held == 35_000


def test_many_tasks_are_held_up_by_the_one_database(read: ReadService) -> None:
    door = Door(curve(40_000, 0, over_s=1), read("ingest"), tasks=20)
    door.run(1, tasks=20)

    most = capacity.DATABASE_VCPU / capacity.DATABASE_HELLO_S.value
    assert most - 20 <= door.devices.held <= most + 20


def test_a_device_that_is_switched_off_while_it_waits_is_never_let_in(read: ReadService) -> None:
    door = Door(curve(10, 0, over_s=1), read("ingest"))
    door.devices._hosts.clear()
    door.fleet.step(0, 1)
    door.devices._meet(0, door.fleet)
    host = next(iter(door.devices._hosts.values()))
    device = door.devices._new(0, None)
    host.waiting.append((device, 0))
    door.devices._go(device)
    door.devices._serve(0)

    assert (door.devices.waiting, door.devices.held, door.devices.gone) == (0, 0, 1)


def test_the_replay_keeps_the_times_of_ingest() -> None:
    assert devices.BUSY_MS == entrance.RETRY_MS
    assert (devices.BYE_MS, devices.BYE_SHARE) == (server.BYE_MS, server.BYE_SHARE)
