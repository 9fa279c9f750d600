"""Stacks of another configuration than the one that is kept, each made in a process of its own.

The construct library checks arguments with a reader of types that stumbles over what others leave
on classes of `typing` (typeguard 2.13: `hasattr(Tuple[int, ...], "__annotations__")` holds as soon
as somebody asked such a class for its annotations). And it starts a process that ends with ours.
"""

import json
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from infra.environments import Environment
from infra.routes import Routes
from tests.support.templates import Template

Made = dict[str, Template]


def with_routes(environment: Environment, routes: Routes, out: Path) -> Made:
    """Network, edge and services with another table of routes."""
    return _apart(_with_routes, environment, routes, out)


def of(environment: Environment, out: Path) -> Made:
    """Network and edge of an environment."""
    return _apart(_of, environment, out)


def _apart(make: Callable[..., Made], *arguments: object) -> Made:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(make, *arguments).result()


def _with_routes(environment: Environment, routes: Routes, out: Path) -> Made:
    # Only the process that makes stacks loads the library.
    from infra.app import new  # noqa: PLC0415 - see above
    from infra.stacks.data import DataStack  # noqa: PLC0415 - see above
    from infra.stacks.edge import EdgeStack  # noqa: PLC0415 - see above
    from infra.stacks.network import NetworkStack  # noqa: PLC0415 - see above
    from infra.stacks.services import ServicesStack  # noqa: PLC0415 - see above

    app = new(out, environment)
    network = NetworkStack(app, "network", environment=environment, routes=routes)
    edge = EdgeStack(app, "edge", environment=environment, network=network, routes=routes)
    data = DataStack(app, "data", environment=environment, network=network)
    ServicesStack(
        app,
        "services",
        environment=environment,
        network=network,
        data=data,
        edge=edge,
        routes=routes,
    )
    app.synth()
    return _read(out, "network", "edge", "services")


def _of(environment: Environment, out: Path) -> Made:
    from infra.app import new  # noqa: PLC0415 - as above
    from infra.stacks.edge import EdgeStack  # noqa: PLC0415 - as above
    from infra.stacks.network import NetworkStack  # noqa: PLC0415 - as above

    app = new(out, environment)
    network = NetworkStack(app, "network", environment=environment)
    EdgeStack(app, "edge", environment=environment, network=network)
    app.synth()
    return _read(out, "network", "edge")


def _read(out: Path, *names: str) -> Made:
    return {name: json.loads((out / f"{name}.template.json").read_bytes()) for name in names}
