"""Ports that are not in `routes.json`: what stands in front of apps, and what apps stand on."""

from infra.routes import Routes
from shared.errors import ConfigurationError

HTTP = 80
HTTPS = 443
SSH = 22
# Where the bastion's sshd listens; it is not root and could not listen on 22.
BASTION = 2222
# TLS of the line protocol ends at the load balancer: ingest speaks none itself yet.
TLS_LINES = 9443
MYSQL = 3306
VALKEY = 6379


def check_free(routes: Routes) -> None:
    """Raise `ConfigurationError` for a line on a port that the balancer of devices has taken."""
    for route in routes.devices:
        if route.port in {SSH, TLS_LINES}:
            raise ConfigurationError(
                f"routes.json: {route.name} on port {route.port}: that one is taken at the load"
                f" balancer ({SSH} by the bastion, {TLS_LINES} by TLS); choose another"
            )
