"""An AWS of moto's with a small Fortress in it, and commands that deploy to it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from infra import environments
from infra.deploy import stacks, tasks
from infra.deploy.__main__ import main
from tests.support.deploying import ACCOUNT, HOST_KEY, NETWORK, REGION, SERVICES, Cloud
from tests.support.moto import moto_server


@pytest.fixture(scope="session")
def aws() -> Iterator[str]:
    with moto_server() as address:
        yield address


@pytest.fixture
def cloud(aws: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """An account with a host key in it, and templates of a small staging."""
    for name, value in {
        "AWS_ENDPOINT_URL": aws,
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
        "AWS_DEFAULT_REGION": REGION,
    }.items():
        monkeypatch.setenv(name, value)
    _reset(aws)
    file = tmp_path / "environments.toml"
    file.write_text(environments.FILE.read_text().replace(environments.PLACEHOLDER, ACCOUNT))
    monkeypatch.setattr("infra.environments.load.__defaults__", (file,))
    monkeypatch.setattr("infra.environments.load_delivery.__defaults__", (file,))
    # Looked at more often than AWS would like.
    monkeypatch.setitem(tasks.WAIT, "Delay", 0.1)
    monkeypatch.setitem(stacks.WAIT, "Delay", 0.1)
    monkeypatch.chdir(tmp_path)
    made = Cloud(aws, tmp_path)
    made.client("secretsmanager").create_secret(Name=HOST_KEY, SecretString="a key")
    made.template("network", NETWORK)
    made.template("services", SERVICES)
    return made


def _reset(address: str) -> None:
    with urlopen(Request(f"{address}/moto-api/reset", method="POST")) as answer:
        answer.read()


@pytest.fixture
def deploy(
    cloud: Cloud,  # noqa: ARG001 - commands run in it
    capsys: pytest.CaptureFixture[str],
) -> Callable[..., tuple[int, str]]:
    """`deploy("check", "staging")`: the exit code, and everything that was said."""

    def run(command: str, *arguments: str) -> tuple[int, str]:
        code = main([command, *arguments])
        said = capsys.readouterr()
        return code, said.out + said.err

    return run
