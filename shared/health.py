"""`python -m shared.health [url]`: exits with 0 when the address answers 200, else with 1.

For a container's own health check, every few seconds, in an image without curl: it imports little.
Without an address it asks whether this container's process is alive, on its internal port. That it
can serve now is another question: http://127.0.0.1:9090/readyz.
"""

import os
import socket
import sys

ANSWER_S = 2.0
INTERNAL_PORT = "9090"
HEAD_BYTES = 1_024


def answers(url: str) -> bool:
    """Whether `url` (http://host:port/path) answers 200 within two seconds."""
    address, _, path = url.removeprefix("http://").partition("/")
    host, _, port = address.rpartition(":")
    request = f"GET /{path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    try:
        with socket.create_connection((host.strip("[]"), int(port)), ANSWER_S) as connection:
            connection.settimeout(ANSWER_S)
            connection.sendall(request.encode("ascii"))
            status = connection.makefile("rb").readline(HEAD_BYTES)
    except (OSError, ValueError):
        return False
    return status.split(b" ")[1:2] == [b"200"]


def main() -> int:
    port = os.environ.get("FORTRESS_INTERNAL_PORT", INTERNAL_PORT)
    given = sys.argv[1] if len(sys.argv) > 1 else f"http://127.0.0.1:{port}/healthz"
    return 0 if answers(given) else 1


if __name__ == "__main__":
    sys.exit(main())
