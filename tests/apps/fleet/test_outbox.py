import json
from pathlib import Path

import pytest

from apps.fleet import outbox as outboxes
from apps.fleet.outbox import FileOutbox, MemoryOutbox, OutboxFullError, OutboxUnusableError


def line(seq: int) -> bytes:
    return b'{"s":%d,"v":{"n":1}}\n' % seq


def fill(outbox: MemoryOutbox, count: int) -> list[int]:
    return [outbox.add(line(outbox.next_seq)) for _ in range(count)]


def numbers(lines: list[bytes]) -> list[int]:
    return [json.loads(item)["s"] for item in lines]


def crash(outbox: FileOutbox) -> None:
    """What a killed process leaves behind: an open file, nothing tidied up."""
    outbox._file.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "device" / "outbox"


def test_it_hands_out_the_oldest_first_and_drops_what_is_acknowledged() -> None:
    outbox = MemoryOutbox(boot=7)
    fill(outbox, 5)
    assert numbers(outbox.take(3)) == [1, 2, 3]
    assert outbox.ack(2) == 2
    assert (outbox.under_way, outbox.waiting, len(outbox)) == (1, 2, 3)


def test_after_a_rewind_all_of_it_is_handed_out_again_in_order() -> None:
    outbox = MemoryOutbox()
    fill(outbox, 4)
    outbox.take(3)
    outbox.rewind()
    assert numbers(outbox.take(9)) == [1, 2, 3, 4]


def test_an_acknowledgement_may_reach_beyond_what_was_sent() -> None:
    outbox = MemoryOutbox()
    fill(outbox, 4)
    outbox.take(1)
    assert outbox.ack(3) == 3
    assert numbers(outbox.take(9)) == [4]


def test_it_is_bounded() -> None:
    outbox = MemoryOutbox(limit=2)
    fill(outbox, 2)
    with pytest.raises(OutboxFullError):
        fill(outbox, 1)


def test_numbers_only_rise() -> None:
    outbox = MemoryOutbox()
    outbox.next_seq = 10
    assert fill(outbox, 1) == [10]
    with pytest.raises(ValueError, match="rise"):
        outbox.next_seq = 10


def test_each_outbox_in_memory_has_a_boot_of_its_own() -> None:
    boots = {MemoryOutbox().boot for _ in range(50)}
    assert len(boots) == 50
    assert all(0 < boot < 2**32 for boot in boots)


def test_a_file_keeps_what_was_not_acknowledged_and_goes_on_counting(path: Path) -> None:
    first = FileOutbox(path)
    fill(first, 5)
    first.take(5)
    first.ack(3)
    first.close()
    second = FileOutbox(path)
    assert second.boot == first.boot
    assert numbers(second.take(9)) == [4, 5]
    assert fill(second, 1) == [6]
    second.close()


def test_after_a_crash_everything_added_is_there_and_no_number_comes_twice(path: Path) -> None:
    first = FileOutbox(path)
    fill(first, 5)
    crash(first)
    second = FileOutbox(path)
    assert numbers(second.take(9)) == [1, 2, 3, 4, 5]
    assert second.next_seq > 5
    second.close()


def test_numbers_beyond_a_claim_are_claimed_before_they_are_used(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outboxes, "CLAIM", 3)
    first = FileOutbox(path)
    used = fill(first, 10)
    # The disk lost every message; only the claims, which are synced, are left.
    kept = [item for item in path.read_bytes().splitlines(keepends=True) if b'"next"' in item]
    crash(first)
    path.write_bytes(b"".join(kept))
    second = FileOutbox(path)
    assert second.next_seq > max(used)
    second.close()


@pytest.mark.parametrize("cut", range(1, len(line(3))))
def test_a_last_line_that_was_cut_off_is_dropped(path: Path, cut: int) -> None:
    first = FileOutbox(path)
    fill(first, 3)
    crash(first)
    path.write_bytes(path.read_bytes()[:-cut])
    second = FileOutbox(path)
    assert numbers(second.take(9)) == [1, 2]
    added = fill(second, 1)
    second.close()
    third = FileOutbox(path)
    assert numbers(third.take(9)) == [1, 2, *added]
    assert third.damaged == 0
    third.close()


def test_a_damaged_line_in_the_middle_is_counted_and_the_rest_is_kept(path: Path) -> None:
    first = FileOutbox(path)
    fill(first, 3)
    crash(first)
    path.write_bytes(path.read_bytes().replace(line(2), b"\x00\xff\x00\n"))
    second = FileOutbox(path)
    assert numbers(second.take(9)) == [1, 3]
    assert second.damaged == 1
    second.close()


def test_a_file_that_is_something_else_is_refused(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"hello\n")
    with pytest.raises(OutboxUnusableError, match="move it away"):
        FileOutbox(path)


def test_a_second_process_is_refused(path: Path) -> None:
    first = FileOutbox(path)
    with pytest.raises(OutboxUnusableError, match="another process"):
        FileOutbox(path)
    first.close()


def test_the_file_does_not_grow_without_bound(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outboxes, "COMPACT_BYTES", 2_000)
    outbox = FileOutbox(path)
    for _ in range(200):
        fill(outbox, 10)
        outbox.take(10)
        outbox.ack(outbox.next_seq - 3)
    assert path.stat().st_size < 3_000
    crash(outbox)
    again = FileOutbox(path)
    assert numbers(again.take(9)) == [1999, 2000]
    assert again.boot == outbox.boot
    again.close()


def test_a_synced_file_is_on_the_disk_before_messages_go_out(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    outbox = FileOutbox(path, sync=True)
    monkeypatch.setattr("os.fsync", synced.append)
    fill(outbox, 3)
    outbox.flush()
    outbox.flush()
    assert len(synced) == 1
    outbox.close()
