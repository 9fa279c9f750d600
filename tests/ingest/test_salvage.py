from apps.ingest.salvage import split
from shared.readings.parcel import Parcel, Source
from shared.readings.parse import Rejection
from tests.support.parcels import event, parcel, reading

SOURCE = Source(1, "dev_1", "d", 1, "org_1")
BAD = Rejection(2, "out_of_range", "no", b"{}")


def numbers(part: Parcel) -> list[int]:
    return [item.seq for item in part.readings] + [item.seq for item in part.events]


def down_to_one(parcels: list[Parcel]) -> list[Parcel]:
    """Split until every part holds one message."""
    if sum(item.count for item in parcels) <= 1:
        return parcels
    return [one for part in split(parcels, "no") for one in down_to_one(part)]


def test_every_message_is_in_one_part_and_in_order() -> None:
    whole = [parcel(SOURCE, reading(1), event(3), reading(4), reading(9)), parcel(SOURCE, BAD)]
    parts = down_to_one(whole)
    assert [number for part in parts for number in numbers(part)] == [1, 3, 4, 9]
    assert sum(len(part.dead) for part in parts) == 1


def test_no_watermark_passes_a_message_that_comes_later() -> None:
    parts = down_to_one([parcel(SOURCE, reading(1), BAD, reading(3), event(4))])
    for at, part in enumerate(parts):
        later = [number for rest in parts[at + 1 :] for number in numbers(rest)]
        assert part.top < min(later, default=part.top + 1)
    assert parts[-1].top == 4


def test_a_single_message_becomes_a_dead_letter_that_can_be_replayed() -> None:
    sent = parcel(SOURCE, reading(7, temp=1.5))
    ((letter,),) = split([sent], "the database said no")
    assert not letter.readings
    assert letter.dead[0].rejection.raw == b'{"s":7,"t":1763740800007,"v":{"temp": 1.5}}'
    assert letter.dead[0].rejection.code == "refused"
    assert letter.top == 7
    assert sent.refused == [letter.dead[0].rejection]
