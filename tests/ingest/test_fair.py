from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from apps.ingest.fair import FairQueue
from shared.readings.parcel import Parcel, Source
from tests.support.parcels import parcel, reading

MIB = 1024 * 1024


def made(org: int, number: int = 1, count: int = 1, size: int = 100) -> Parcel:
    """A parcel of an organisation with `count` messages."""
    source = Source(org, f"dev_{org}", f"d{org}", org, f"org_{org}")
    built = parcel(source, *(reading(number + at) for at in range(count)))
    built.size = size
    return built


def queue(most: int = MIB, most_each: int = MIB) -> FairQueue[str]:
    return FairQueue(most=most, most_each=most_each)


def test_a_quiet_organisation_is_in_the_next_batch_whatever_a_noisy_one_has_waiting() -> None:
    fair = queue()
    for number in range(5_000):
        fair.put(made(1, number), "noisy")
    fair.take(1_000)
    fair.put(made(2), "quiet")
    assert "quiet" in [sender for _, sender in fair.take(1_000)]


def test_those_that_always_have_more_get_the_same() -> None:
    fair = queue(100 * MIB, 100 * MIB)
    for number in range(6_000):
        fair.put(made(1, number), "one")
    for number in range(600):
        fair.put(made(2, number, count=10), "two")
        fair.put(made(3, number, count=7), "three")
    got: dict[str, int] = defaultdict(int)
    for _ in range(6):
        for taken, sender in fair.take(500):
            got[sender] += taken.count
    assert max(got.values()) - min(got.values()) <= 120


def test_a_batch_of_one_organisation_is_as_large_as_it_may_be() -> None:
    fair = queue()
    for number in range(300):
        fair.put(made(1, number), "one")
    assert len(fair.take(250)) == 250
    assert len(fair.take(250)) == 50
    assert fair.messages == 0


@given(
    st.lists(st.tuples(st.integers(1, 4), st.integers(1, 300)), max_size=60), st.integers(1, 400)
)
def test_everything_comes_out_once_and_in_the_order_of_its_organisation(
    puts: list[tuple[int, int]], rows: int
) -> None:
    fair = queue()
    for number, (org, count) in enumerate(puts):
        fair.put(made(org, number + 1, count), f"{org}")
    out: list[Parcel] = []
    while fair:
        batch = [taken for taken, _ in fair.take(rows)]
        assert batch
        assert sum(taken.count for taken in batch) < rows + 300
        fair.done(batch)
        out += batch
    for org in range(1, 5):
        numbers = [taken.readings[0].seq for taken in out if taken.source.org_id == org]
        assert numbers == [number + 1 for number, (of, _) in enumerate(puts) if of == org]
    assert fair.held == 0


def test_an_organisation_at_its_bound_stops_and_others_go_on() -> None:
    fair = queue(1_000, 500)
    assert [fair.put(made(1), "noisy") for _ in range(6)] == [True] * 4 + [False] * 2
    assert fair.put(made(2), "quiet")
    batch = [taken for taken, _ in fair.take(100)]
    assert fair.done(batch[:2]) == []
    assert fair.done(batch[2:]) == ["noisy"]
    assert fair.put(made(1), "noisy")


def test_at_the_bound_of_all_who_has_less_than_its_share_goes_on() -> None:
    fair = queue(1_000, 600)
    for _ in range(5):
        fair.put(made(1), "one")
        fair.put(made(2), "two")
    assert not fair.put(made(1), "one")
    assert fair.put(made(3), "three")
    assert fair.put(made(4), "four")


def test_at_twice_the_bound_everyone_stops() -> None:
    fair = queue(1_000, 600)
    found = [fair.put(made(org, size=150), f"{org}") for org in range(1, 21)]
    assert found[:7] == [True] * 6 + [False]
    assert found[-6:] == [False] * 6


@given(st.lists(st.tuples(st.integers(1, 6), st.integers(1, 900)), max_size=80))
def test_whoever_stopped_goes_on_when_everything_is_done(puts: list[tuple[int, int]]) -> None:
    fair = queue(2_000, 1_200)
    stopped = set()
    for org, size in puts:
        stopped |= {f"{org}"} if not fair.put(made(org, size=size), f"{org}") else set()
    while fair:
        for sender in fair.done([taken for taken, _ in fair.take(2)]):
            stopped.remove(sender)
    assert not stopped
    assert fair.organisations == 0


def test_a_sender_that_is_gone_is_not_told() -> None:
    fair = queue(100, 100)
    fair.put(made(1), "gone")
    fair.forget("gone")
    assert fair.done([taken for taken, _ in fair.take(1)]) == []
    assert fair.organisations == 0


def test_all_of_a_device_is_in_one_lane_in_order() -> None:
    fair: FairQueue[str] = FairQueue(most=MIB, most_each=MIB, lanes=2)
    for number in range(1, 41):
        fair.put(made(number % 4 + 1, number), "sender")
    taken = [[parcel for parcel, _ in fair.take(1_000, [lane])] for lane in range(2)]
    assert {parcel.source.device_id for parcel in taken[0]} == {2, 4}
    assert {parcel.source.device_id for parcel in taken[1]} == {1, 3}
    for parcels in taken:
        for org in range(1, 5):
            numbers = [p.readings[0].seq for p in parcels if p.source.org_id == org]
            assert numbers == sorted(numbers)
        fair.done(parcels)
    assert not fair


def test_lanes_that_are_taken_together_are_one_batch() -> None:
    fair: FairQueue[str] = FairQueue(most=MIB, most_each=MIB, lanes=2)
    for number in range(1, 41):
        fair.put(made(number % 4 + 1, number), "sender")
    assert fair.waiting == [20, 20]
    assert len(fair.take(1_000, [0, 1])) == 40
    assert fair.waiting == [0, 0]
