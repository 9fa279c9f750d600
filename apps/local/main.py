"""`fortress up`: the six apps, ingest and a small fleet in one process."""

from apps.local.settings import LocalSettings


def run(settings: LocalSettings) -> int:
    """Run until SIGINT or SIGTERM, then drain. Returns the exit code.

    Raises `DomainError` with one sentence when it cannot start; nothing runs then.
    """
    raise NotImplementedError(settings)
