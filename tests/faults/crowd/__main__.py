"""One crowd, which is told what to be as JSON in its argument, ends with its standard input, and
then says as JSON what it met.
"""

import json
import sys
from typing import Any

import uvloop

from tests.faults.crowd.devices import deaf, send
from tests.faults.crowd.strangers import Strangers


def main(kind: str, port: int, given: dict[str, Any]) -> dict[str, Any]:
    """What a crowd of `kind` met at `port`."""
    if kind == "strangers":
        return Strangers(port, **given).run()
    if kind == "deaf":
        return uvloop.run(deaf(port, **given))
    return uvloop.run(send(port, **given))


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3]))))  # noqa: T201 - its answer
