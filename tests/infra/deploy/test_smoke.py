"""The smoke test, against all of Fortress as it runs on one machine, and against what is broken."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import trustme

from infra.deploy.__main__ import main
from infra.deploy.smoke import Device, Target, check, insist, ready
from infra.routes import load as load_routes
from tests.apps.local.launch import Up, up
from tests.support.servers import free_port

ROUTES = load_routes()
DOMAIN = "fortress.localhost"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    with up(tmp_path_factory.mktemp("up")) as started:
        yield started


@pytest.fixture
def target(running: Up) -> Target:
    return Target(
        domain=DOMAIN,
        web=("127.0.0.1", running.port),
        devices=("127.0.0.1", int(running.said(r"nc -w \d+ 127\.0\.0\.1 (\d+)"))),
        tls=False,
    )


@pytest.fixture
def device(running: Up) -> Device:
    uid, token = running.said(r'"device":"([^"]+)"'), running.said(r'"token":"([^"]+)"')
    return Device(uid, token)


def test_all_is_well_where_all_is_well(target: Target, device: Device) -> None:
    seen = list(check(target, ROUTES, device))
    assert [str(one) for one in seen if one.fault] == []
    hosts = [ROUTES.host(route, DOMAIN) for route in ROUTES.web]
    assert [one.what for one in seen][: len(hosts)] == [f"{host}/readyz" for host in hosts]
    assert "a reading acknowledged" in seen[-1].what


def test_without_a_device_the_port_is_asked_for_an_answer(target: Target) -> None:
    *_, last = check(target, ROUTES, None)
    assert last.what == f"device port 127.0.0.1:{target.devices[1]}"
    assert last.fault == ""


def test_a_device_that_is_refused_is_a_fault(target: Target, device: Device) -> None:
    *_, last = check(target, ROUTES, replace(device, token="dt_none"))
    assert "refused the device" in last.fault
    assert "unauthorized" in last.fault


def test_what_does_not_answer_is_named_and_the_rest_is_still_tried(target: Target) -> None:
    broken = replace(target, devices=("127.0.0.1", free_port()))
    *web, last = check(broken, ROUTES, None)
    assert not any(one.fault for one in web)
    assert "ConnectionRefusedError" in last.fault


def test_hosts_that_lead_nowhere_fail(target: Target) -> None:
    elsewhere = replace(target, domain="example.com")
    first, *_ = check(elsewhere, ROUTES, None)
    assert first.what == "api.example.com/readyz"
    assert first.fault == "answered 404 instead of 200"


def test_it_is_tried_again_until_all_is_well(target: Target) -> None:
    pauses: list[float] = []
    broken = replace(target, web=("127.0.0.1", free_port()))
    seen = insist(broken, ROUTES, None, tries=3, pause_s=7, sleep=pauses.append)
    assert pauses == [7, 7]
    assert any(one.fault for one in seen)
    insist(target, ROUTES, None, tries=3, pause_s=7, sleep=pauses.append)
    assert pauses == [7, 7]


def test_the_command_tells_what_it_saw(
    target: Target,
    device: Device,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("SMOKE_DEVICE", device.uid)
    monkeypatch.setenv("SMOKE_TOKEN", device.token)
    arguments = ["smoke", "staging", "--plain", "--domain", DOMAIN, "--tries", "1"]
    web, devices = (f"{host}:{port}" for host, port in (target.web, target.devices))
    assert main([*arguments, "--web", web, "--devices", devices]) == 0
    assert capsys.readouterr().out.count("ok  ") == len(ROUTES.web) + 2
    assert main([*arguments, "--web", web, "--devices", f"127.0.0.1:{free_port()}"]) == 1
    assert "1 of 8 checks failed" in capsys.readouterr().err


class Ready(BaseHTTPRequestHandler):
    """An app that is ready."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextmanager
def balancer(authority: trustme.CA, *names: str) -> Iterator[int]:
    """An HTTPS server with a certificate of `names`; yields its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    with HTTPServer(("127.0.0.1", 0), Ready) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def test_the_certificate_has_to_be_the_host_s_whatever_the_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    with balancer(authority, "*.fortress.example.com") as port:
        right = Target(
            domain="fortress.example.com", web=("127.0.0.1", port), devices=("127.0.0.1", 1)
        )
        assert ready(right, "api.fortress.example.com", "/readyz") == ""
        with pytest.raises(ssl.SSLCertVerificationError):
            ready(right, "api.example.com", "/readyz")
