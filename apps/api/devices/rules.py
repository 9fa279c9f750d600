"""When a device counts as online."""

# Seconds without a line after which ingest closes a connection. A flag that is older than twice
# that was left behind by a process that is no more.
IDLE_MS = 300_000
FRESH_MS = 2 * IDLE_MS


def is_online(flag: bool | None, last_seen: int | None, now_ms: int) -> bool:
    """Whether a device is connected: ingest said so, not longer ago than `FRESH_MS`."""
    return bool(flag) and (last_seen or 0) >= now_ms - FRESH_MS
