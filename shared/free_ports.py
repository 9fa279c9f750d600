"""Whether ports of this machine are free, before the containers that publish them are started.

Two steps, since a container is either in the network of its fellows or in that of the machine:

    python -m shared.free_ports ours  FILE nginx ingest
    python -m shared.free_ports check FILE nginx=HTTP_PORT:8480 ingest=TCP_PORT:9480

The first writes down which of the named services run already: what they publish is theirs. The
second, in the machine's network, ends with 1 and one sentence where a port of another is in use.
"""

import errno
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

ADDRESS = "127.0.0.1"


def running(names: Sequence[str]) -> list[str]:
    """Those of the services that the network's name server knows: the ones that run."""
    return [name for name in names if _is_known(name)]


def in_use(port: int, address: str = ADDRESS) -> bool:
    """Whether something else listens there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
            probe.listen(1)
        except OSError as error:
            return error.errno == errno.EADDRINUSE
    return False


def complaint(wanted: Sequence[str], ours: Sequence[str]) -> str:
    """One sentence on the first port that is in use; empty where all are free.

    `wanted`: service=VARIABLE:port, the variable being the one that sets another port.
    """
    for one in wanted:
        service, _, rest = one.partition("=")
        variable, _, port = rest.partition(":")
        if service not in ours and in_use(int(port)):
            return (
                f"port {port} of this machine is in use: "
                f"stop what uses it or set {variable} to another"
            )
    return ""


def _is_known(name: str) -> bool:
    try:
        socket.getaddrinfo(name, None)
    except socket.gaierror:
        return False
    return True


def main(arguments: Sequence[str]) -> int:
    """Carry out one of the two steps; returns the exit code."""
    step, file, *names = arguments
    if step == "ours":
        Path(file).write_text("\n".join(running(names)), "utf-8")
        return 0
    said = complaint(names, Path(file).read_text("utf-8").split())
    if said:
        sys.stderr.write(f"{said}\n")
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
