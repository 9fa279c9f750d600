"""What the system lets a process have."""

import logging
from typing import Final

# Beside devices: the database, the bus, logs.
OTHER_FILES: Final = 100

log = logging.getLogger(__name__)


def allow_files(wanted: int) -> None:
    """Let this process have as many sockets as the system allows; warn below `wanted`.

    Each connection is an open file. The limit that counts is often 1,024 where the system would
    allow many times that, and at the limit nobody comes in, whoever they are.
    """
    try:
        import resource  # noqa: PLC0415 - there is none on Windows
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        soft = hard
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        except (ValueError, OSError):
            soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted + OTHER_FILES:
        log.warning("only %s files may be open (ulimit -n): %s are wanted", soft, wanted)
