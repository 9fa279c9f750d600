"""Messages that are not acknowledged yet, in memory or in a file. Standard library only.

An outbox numbers messages, keeps each until it is acknowledged, and knows which of them are
under way on the present connection. `MemoryOutbox` forgets everything with its process and so
begins with a random boot number. `FileOutbox` goes on where it ended.
"""

import json
import os
import secrets
from collections import deque
from pathlib import Path
from typing import Any, BinaryIO

try:
    import fcntl
except ImportError:  # not on every system; there, nothing guards against a second process
    fcntl = None  # type: ignore[assignment]  # the name stands for its absence

LARGEST = 2**53 - 1
LIMIT = 100_000
# Numbers are claimed in the file this many at a time, so that a claim's fsync is rare.
CLAIM = 65_536
# A file is rewritten when it is larger than this and twice what is still waiting in it.
COMPACT_BYTES = 1 << 20


class OutboxFullError(Exception):
    """The outbox holds as many messages as it may; wait for acknowledgements."""


class OutboxUnusableError(Exception):
    """The file cannot be used: it is damaged at its beginning, or another process has it."""


def random_boot() -> int:
    """A boot number that no earlier run had, from 1 to 2^32-1."""
    return secrets.randbelow(2**32 - 1) + 1


class MemoryOutbox:
    """Numbered lines in memory, oldest first.

    `boot` stands for one run of sequence numbers. `limit`: how many messages it holds.
    """

    def __init__(self, *, boot: int | None = None, first: int = 1, limit: int = LIMIT) -> None:
        self.boot = random_boot() if boot is None else boot
        self.limit = limit
        self._next = first
        self._waiting: deque[tuple[int, bytes]] = deque()
        self._under_way: deque[tuple[int, bytes]] = deque()

    def __len__(self) -> int:
        return len(self._waiting) + len(self._under_way)

    @property
    def next_seq(self) -> int:
        """The number that the next message gets. Setting it higher leaves a gap."""
        return self._next

    @next_seq.setter
    def next_seq(self, value: int) -> None:
        if not self._next <= value <= LARGEST:
            raise ValueError(f"sequence numbers rise: {value} is not {self._next} or more")
        self._next = value

    @property
    def under_way(self) -> int:
        """How many messages were sent on the present connection and are not acknowledged."""
        return len(self._under_way)

    @property
    def waiting(self) -> int:
        """How many messages were not yet sent on the present connection."""
        return len(self._waiting)

    def add(self, line: bytes) -> int:
        """Keep `line`, which carries the number `next_seq`. Raises `OutboxFullError`."""
        if len(self) >= self.limit:
            raise OutboxFullError(f"{self.limit} messages wait for their acknowledgement")
        seq = self._next
        self._keep(seq, line)
        self._waiting.append((seq, line))
        self._next = seq + 1
        return seq

    def take(self, most: int) -> list[bytes]:
        """Up to `most` waiting lines, oldest first; they are under way from now on."""
        count = min(most, len(self._waiting))
        taken = [self._waiting.popleft() for _ in range(count)]
        self._under_way.extend(taken)
        return [line for _, line in taken]

    def rewind(self) -> None:
        """The connection is gone: what was under way is waiting again."""
        self._waiting.extendleft(reversed(self._under_way))
        self._under_way.clear()

    def ack(self, upto: int) -> int:
        """Drop everything numbered up to `upto`; returns how many messages that were."""
        dropped = size = 0
        for queue in (self._under_way, self._waiting):
            while queue and queue[0][0] <= upto:
                size += len(queue.popleft()[1])
                dropped += 1
        if dropped:
            self._note_ack(upto, size)
        return dropped

    def _keep(self, seq: int, line: bytes) -> None:
        """Make a message last; here, nothing does."""

    def _note_ack(self, upto: int, size: int) -> None:
        """Make an acknowledgement, which dropped `size` bytes, last; here, nothing does."""

    def flush(self) -> None:
        """Called before messages go out."""

    def close(self) -> None:
        """The end of its use."""


class FileOutbox(MemoryOutbox):
    """An outbox in an append-only file: what was added survives the process.

    The file has a line for each message, each acknowledgement (`{"a":n}`) and each claim of
    numbers (`{"boot":b,"next":n}`: below n, numbers may be used). A message is in the operating
    system's hands when `add` returns, so that it survives a crash of the process; with `sync` it
    is also on the disk before it goes out, so that it survives a power cut. Claims are always
    synced, so that no number is ever used twice, whatever was lost. A last line that was cut off
    is dropped. Raises `OutboxUnusableError`.
    """

    def __init__(self, path: Path, *, limit: int = LIMIT, sync: bool = False) -> None:
        super().__init__(limit=limit)
        self.damaged = 0
        self._path = path
        self._sync = sync
        self._unsynced = False
        self._claimed = 0
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = _open_locked(path)
        self._size = self._live = 0
        try:
            self._load()
        except BaseException:
            self._file.close()
            raise

    def _load(self) -> None:
        data = self._file.read()
        whole = data.rfind(b"\n") + 1
        if whole < len(data):
            self._file.truncate(whole)  # the last line was cut off when the process died
        self._size = whole
        lines = data[:whole].splitlines()
        if not lines:
            self._claim(CLAIM)
            self._sync_folder()
            return
        first = _object(lines[0])
        if first is None or not isinstance(first.get("boot"), int):
            raise OutboxUnusableError(f"{self._path} does not begin as an outbox; move it away")
        self.boot = first["boot"]
        for line in lines:
            self._restore(line + b"\n")
        self._next = self._claimed
        self._live = sum(len(line) for _, line in self._waiting)

    def _restore(self, line: bytes) -> None:
        fields = _object(line) or {}
        if isinstance(fields.get("next"), int):
            self._claimed = fields["next"]
        elif isinstance(fields.get("s"), int):
            self._waiting.append((fields["s"], line))
        elif isinstance(fields.get("a"), int):
            while self._waiting and self._waiting[0][0] <= fields["a"]:
                self._waiting.popleft()
        else:
            self.damaged += 1

    def _keep(self, seq: int, line: bytes) -> None:
        if seq >= self._claimed:
            self._claim(seq + CLAIM)
        self._append(line)
        self._live += len(line)
        self._unsynced = True

    def _note_ack(self, upto: int, size: int) -> None:
        # Not synced: a lost acknowledgement only means that something is sent again.
        self._append(b'{"a":%d}\n' % upto)
        self._live -= size
        if self._size > max(COMPACT_BYTES, 2 * self._live):
            self._compact()

    def flush(self) -> None:
        if self._sync and self._unsynced:
            os.fsync(self._file.fileno())
            self._unsynced = False

    def close(self) -> None:
        """Give back the claimed numbers that were not used, and the file."""
        if not self._file.closed:
            self._claim(self._next)
            self._file.close()

    def _claim(self, upto: int) -> None:
        self._append(self._head(upto))
        os.fsync(self._file.fileno())
        self._claimed = upto

    def _head(self, upto: int) -> bytes:
        return b'{"boot":%d,"next":%d}\n' % (self.boot, upto)

    def _append(self, line: bytes) -> None:
        self._file.write(line)
        self._size += len(line)

    def _compact(self) -> None:
        """Write what still waits to a new file and put it in the place of the old one."""
        kept = [line for queue in (self._under_way, self._waiting) for _, line in queue]
        data = b"".join([self._head(self._claimed), *kept])
        fresh = self._path.with_name(self._path.name + ".new")
        fresh.unlink(missing_ok=True)
        file = _open_locked(fresh)
        file.write(data)
        os.fsync(file.fileno())
        fresh.replace(self._path)
        self._sync_folder()
        self._file.close()
        self._file, self._size = file, len(data)

    def _sync_folder(self) -> None:
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _open_locked(path: Path) -> BinaryIO:
    # Unbuffered: a message must not stay behind in a process that is killed.
    file = path.open("a+b", buffering=0)
    try:
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise OutboxUnusableError(f"another process is using {path}") from None
    file.seek(0)
    return file


def _object(line: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
