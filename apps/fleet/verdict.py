"""Whether what was acknowledged is what the API returns. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

EXAMPLES = 20


class BootRecord(Protocol):
    """What is known of one boot: message `first` + n has the number n + 1."""

    boot: int
    first: int
    acked: int
    rejected: dict[int, str]


class Script(Protocol):
    """What a device was to say. `far`: the messages that must be rejected."""

    @property
    def uid(self) -> str: ...
    @property
    def far(self) -> frozenset[int]: ...
    def t(self, number: int) -> int: ...
    def message(self, number: int) -> tuple[str, dict[str, Any]]: ...


@dataclass(frozen=True)
class Stored:
    """A reading (`event` empty) or an event as the API returned it."""

    boot: int
    s: int
    t: int
    event: str
    body: Mapping[str, Any]


@dataclass
class Verdict:
    """How acknowledged messages and stored ones compare.

    `missing`: acknowledged, not stored. `duplicated`: stored more than once. `differing`: stored
    with another time or value. `unexpected`: stored, but never sent, or rejected, or a time that
    should have been rejected. `wrongly_rejected`: rejected without reason.
    """

    acked: int = 0
    stored: int = 0
    rejected: int = 0
    missing: int = 0
    duplicated: int = 0
    differing: int = 0
    unexpected: int = 0
    wrongly_rejected: int = 0
    examples: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        wrong = self.missing + self.duplicated + self.differing
        return wrong + self.unexpected + self.wrongly_rejected == 0

    def judge(
        self, script: Script, boots: Sequence[BootRecord], sent: int, stored: Iterable[Stored]
    ) -> None:
        """Add one device: `sent` messages, and everything stored of it. Other boots than
        `boots` belong to other runs and are passed over.
        """
        known = {record.boot: record for record in boots}
        ends = [record.first for record in boots[1:]] + [sent]
        last = {record.boot: end - record.first for record, end in zip(boots, ends, strict=True)}
        seen: set[tuple[int, int]] = set()
        for item in stored:
            record = known.get(item.boot)
            if record is not None:
                self._item(script, record, last[item.boot], item, seen)
        for record in boots:
            self._boot(script, record, seen)

    def _item(
        self,
        script: Script,
        record: BootRecord,
        last: int,
        item: Stored,
        seen: set[tuple[int, int]],
    ) -> None:
        self.stored += 1
        key = (item.boot, item.s)
        number = record.first + item.s - 1
        if key in seen:
            self.duplicated += 1
            self._example("twice", script, item.boot, item.s)
        elif not 1 <= item.s <= last or item.s in record.rejected or number in script.far:
            self.unexpected += 1
            self._example("unexpected", script, item.boot, item.s)
        elif item.t != script.t(number) or not _same(script.message(number), item):
            self.differing += 1
            self._example("differs", script, item.boot, item.s)
        seen.add(key)

    def _boot(self, script: Script, record: BootRecord, seen: set[tuple[int, int]]) -> None:
        self.acked += record.acked
        self.rejected += len(record.rejected)
        for s in record.rejected:
            if record.first + s - 1 not in script.far:
                self.wrongly_rejected += 1
                self._example(f"rejected ({record.rejected[s]})", script, record.boot, s)
        for s in range(1, record.acked + 1):
            # That it was rejected may have been said on a connection that broke.
            refused = s in record.rejected or record.first + s - 1 in script.far
            if (record.boot, s) not in seen and not refused:
                self.missing += 1
                self._example("missing", script, record.boot, s)

    def _example(self, what: str, script: Script, boot: int, s: int) -> None:
        if len(self.examples) < EXAMPLES:
            self.examples.append(f"{what}: {script.uid} boot {boot} s {s}")


def _same(message: tuple[str, Mapping[str, Any]], item: Stored) -> bool:
    event, body = message
    if event != item.event or body != item.body:
        return False
    # 1 and true are equal to Python, but not the same value.
    return all(isinstance(body[k], bool) == isinstance(item.body[k], bool) for k in body)
