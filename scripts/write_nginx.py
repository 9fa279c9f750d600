"""Writes infra/compose/nginx.conf, and that of hot reload, from the route table infra/routes.json.

Run `.venv/bin/python -m scripts.write_nginx` after changing the table; a test compares.
"""

import json
from pathlib import Path

from infra.routes import Routes, WebRoute, load

FOLDER = Path(__file__).resolve().parents[1] / "infra" / "compose"
DOMAIN = "fortress.localhost"
# File → what the names of the services that it routes to end with.
FILES = {"nginx.conf": "", "nginx-dev.conf": "-dev"}

HEAD = """\
# Written by scripts/write_nginx.py from infra/routes.json; change the table, not this file.
# What the load balancer's rules do on AWS: exact host names, and a fixed 404 for any other.

pid /tmp/nginx.pid;
worker_processes 1;
worker_rlimit_nofile 16384;
error_log /dev/stderr warn;

events {{
    worker_connections 8192;
}}

http {{
    access_log off;
    server_tokens off;
    # Docker's name server: a container that came back may have another address.
    resolver 127.0.0.11 valid=2s ipv6=off;
    client_body_temp_path /tmp/body;
    proxy_temp_path /tmp/proxy;
    fastcgi_temp_path /tmp/fastcgi;
    uwsgi_temp_path /tmp/uwsgi;
    scgi_temp_path /tmp/scgi;

    # Bounds are the apps' own, and so are pauses in a stream: nothing is held back here.
    client_max_body_size 0;
    proxy_buffering off;
    proxy_request_buffering off;
    proxy_http_version 1.1;
    proxy_connect_timeout 5s;
    proxy_read_timeout {idle}s;
    proxy_send_timeout {idle}s;
    keepalive_timeout {idle}s;
    proxy_set_header Connection "";
    proxy_set_header Host $http_host;
    # Nobody stands before this: what a client says of itself is not passed on.
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_set_header X-Forwarded-Port $server_port;

    server {{
        listen 8080 default_server;
        server_name _;
        default_type application/problem+json;
        location / {{
            return 404 '{unknown}';
        }}
    }}

    # For the container's own health check.
    server {{
        listen 127.0.0.1:8081;
        return 200;
    }}
"""
SERVER = """
    server {{
        listen 8080;
        server_name {host};
        set $upstream {service};
        location / {{
            proxy_pass http://$upstream:{port};
        }}
    }}
"""


def configuration(routes: Routes, suffix: str = "") -> str:
    """Nginx's whole configuration; `suffix` ends the names of the services."""
    parts = [HEAD.format(idle=routes.idle_s, unknown=_unknown(routes))]
    parts += [_server(routes, route, suffix) for route in routes.web]
    return "".join([*parts, "}\n"])


def _server(routes: Routes, route: WebRoute, suffix: str) -> str:
    host = routes.host(route, DOMAIN)
    return SERVER.format(host=host, service=f"{route.app}{suffix}", port=routes.web_port)


def _unknown(routes: Routes) -> str:
    """The problem document for other hosts. It stands in single quotes: it has none."""
    names = ", ".join(sorted(routes.host(route, DOMAIN) for route in routes.web))
    detail = f"no app has this host name; there are {names}"
    problem = {"type": "about:blank", "title": "There is no such thing here", "status": 404}
    return json.dumps({**problem, "code": "no_such_host", "detail": detail})


def main() -> None:
    """Write the files."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, suffix in FILES.items():
        (FOLDER / name).write_text(configuration(load(), suffix), "utf-8")


if __name__ == "__main__":
    main()
