"""The route table, and what is made from it."""

import re
from pathlib import Path

import msgspec
import pytest

from infra.routes import FILE, load
from scripts.write_nginx import FILES, FOLDER, configuration
from tests.support.servers import ROOT

TABLE = msgspec.json.decode(FILE.read_bytes())


def written(folder: Path, **changed: object) -> Path:
    file = folder / "routes.json"
    file.write_bytes(msgspec.json.encode(TABLE | changed))
    return file


def test_every_app_that_serves_http_has_a_route_and_nothing_else_has() -> None:
    serving = {
        file.parent.name
        for file in (ROOT / "apps").glob("*/main.py")
        if "def create_app" in file.read_text()
    }
    assert {route.app for route in load().web} == serving


def test_the_written_configurations_are_those_of_the_table() -> None:
    for name, suffix in FILES.items():
        assert (FOLDER / name).read_text() == configuration(load(), suffix), (
            "run .venv/bin/python -m scripts.write_nginx"
        )


def test_compose_has_a_service_for_each_route() -> None:
    services = set(
        re.findall(r"^  ([a-z-]+):", (ROOT / "docker-compose.yml").read_text(), re.MULTILINE)
    )
    routes = load()
    web = {f"{route.app}{suffix}" for route in routes.web for suffix in FILES.values()}
    assert web | {route.app for route in routes.devices} <= services


def test_no_route_leads_to_the_internal_port() -> None:
    for suffix in FILES.values():
        assert str(load().internal_port) not in configuration(load(), suffix)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"web": [{"app": "api", "subdomain": "a"}]}, "not a name"),
        ({"web": [{"app": "api", "subdomain": "api; return 200"}]}, "not a name"),
        ({"web": TABLE["web"] * 2}, "stands twice"),
        ({"internal_port": TABLE["web_port"]}, "different numbers"),
        ({"web_port": 70_000}, "different numbers"),
        ({"health": "readyz"}, "no path"),
        ({"health": 1}, "routes.json"),
        ({"extra": 1}, "unknown field"),
    ],
)
def test_a_table_that_is_wrong_is_refused(
    tmp_path: Path, changed: dict[str, object], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        load(written(tmp_path, **changed))
