import subprocess
from pathlib import Path

from tests.support.servers import ROOT


def make(file: Path) -> dict[str, str]:
    subprocess.run([ROOT / "scripts" / "secrets", file], check=True, capture_output=True)
    return dict(line.split("=", 1) for line in file.read_text().splitlines())


def test_secrets_are_long_different_and_for_the_owner_only(tmp_path: Path) -> None:
    made = make(tmp_path / ".env")
    assert len(set(made.values())) == len(made) == 5
    assert all(len(value) >= 32 for value in made.values())
    assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o600


def test_what_is_there_stays_and_what_is_empty_is_made(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("FORTRESS_COMPOSE_HTTP_PORT=80\nFORTRESS_SECRET=kept\nFORTRESS_MQTT_PASSWORD=")
    first = make(file)
    assert first["FORTRESS_SECRET"] == "kept"
    assert first["FORTRESS_COMPOSE_HTTP_PORT"] == "80"
    assert len(first["FORTRESS_MQTT_PASSWORD"]) >= 32
    assert make(file) == first
