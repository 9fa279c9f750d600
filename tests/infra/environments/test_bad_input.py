"""Each mistake ends in a sentence that names the key and what to write."""

from pathlib import Path

import pytest

from infra.environments import FILE, Environment, check_account, load, load_delivery
from shared.errors import ConfigurationError

GOOD = {
    "profile": '"full"',
    "account": '"111122223333"',
    "region": '"us-east-1"',
    "zones": '["us-east-1a", "us-east-1b", "us-east-1c"]',
    "cidr": '"10.42.0.0/16"',
    "domain": '"trial.example.com"',
    "hosted_zone_id": '"Z0123456789ABC"',
    "budget_usd": "750",
}
TWO_ZONES = '["us-east-1a", "us-east-1b"]'
CERTIFICATE = "arn:aws:acm:us-east-1:111122223333:certificate/12345678-1234-1234-1234-123456789012"


def trial(folder: Path, **changed: str | None) -> Environment:
    """A good environment with values changed, as TOML; None leaves the key out."""
    values = {key: text for key, text in (GOOD | changed).items() if text is not None}
    lines = "\n".join(f"{key} = {text}" for key, text in values.items())
    file = folder / "environments.toml"
    file.write_text(f"{FILE.read_text(encoding='utf-8')}\n[trial]\n{lines}\n", encoding="utf-8")
    return load("trial", file)


def refused(folder: Path, **changed: str | None) -> str:
    with pytest.raises(ConfigurationError) as error:
        trial(folder, **changed)
    assert error.value.detail.startswith("environments.toml [trial]")
    return error.value.detail


def test_the_good_one_is_taken(tmp_path: Path) -> None:
    assert trial(tmp_path).account == "111122223333"


def test_a_zone_that_the_region_does_not_have_is_named_with_those_it_has(tmp_path: Path) -> None:
    found = refused(tmp_path, zones='["us-east-1a", "us-east-1b", "us-east-1z"]')
    assert "zones: 'us-east-1z' is not in us-east-1; use us-east-1a" in found


def test_a_zone_of_another_region_is_unknown(tmp_path: Path) -> None:
    found = refused(tmp_path, zones='["us-east-1a", "us-east-1b", "eu-west-1a"]')
    assert "'eu-west-1a' is not in us-east-1" in found


def test_the_same_zone_twice_is_not_two_zones(tmp_path: Path) -> None:
    found = refused(tmp_path, zones='["us-east-1a", "us-east-1a", "us-east-1b"]')
    assert "takes 3 different zones" in found


def test_an_unknown_region_is_named(tmp_path: Path) -> None:
    assert "region 'mars-1' is not known" in refused(tmp_path, region='"mars-1"')


def test_without_a_zone_of_names_a_certificate_has_to_be_given(tmp_path: Path) -> None:
    found = refused(tmp_path, hosted_zone_id=None)
    assert "certificate is missing: set hosted_zone_id" in found


def test_a_certificate_for_the_cdn_has_to_be_given_outside_its_region(tmp_path: Path) -> None:
    found = refused(
        tmp_path,
        region='"eu-west-1"',
        zones='["eu-west-1a", "eu-west-1b", "eu-west-1c"]',
    )
    assert "cdn_certificate is missing: CloudFront takes certificates of us-east-1" in found


def test_certificates_replace_the_zone_of_names(tmp_path: Path) -> None:
    made = trial(
        tmp_path,
        hosted_zone_id=None,
        certificate=f'"{CERTIFICATE}"',
        cdn_certificate=f'"{CERTIFICATE}"',
    )
    assert made.certificate == CERTIFICATE


def test_a_certificate_of_another_account_is_refused(tmp_path: Path) -> None:
    other = CERTIFICATE.replace("111122223333", "444455556666")
    found = refused(tmp_path, certificate=f'"{other}"')
    assert "certificate" in found
    assert "is not of this account" in found


@pytest.mark.parametrize("tasks", ["0", "100"])
def test_no_task_and_a_hundred_are_refused(tmp_path: Path, tasks: str) -> None:
    found = refused(tmp_path, **{"services.api.maximum": tasks})
    assert "services.api: maximum: Expected `int`" in found


def test_a_minimum_above_the_maximum_is_refused(tmp_path: Path) -> None:
    found = refused(tmp_path, **{"services.api.minimum": "9", "services.api.maximum": "3"})
    assert "services.api: minimum 9 is above maximum 3" in found


def test_a_peak_above_the_maximum_is_refused(tmp_path: Path) -> None:
    peaks = '[{ cron = "0 3 * * ? *", minimum = 5 }]'
    found = refused(tmp_path, **{"services.ingest.maximum": "4", "services.ingest.peaks": peaks})
    assert "services.ingest.peaks: a minimum is above maximum 4" in found


def test_an_unknown_key_is_named(tmp_path: Path) -> None:
    assert "unknown field `budget`" in refused(tmp_path, budget="750")


def test_an_unknown_key_of_a_service_is_named_with_its_service(tmp_path: Path) -> None:
    found = refused(tmp_path, **{"services.api.tasks": "2"})
    assert "services.api" in found
    assert "unknown field `tasks`" in found


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    assert "missing required field `domain`" in refused(tmp_path, domain=None)


def test_a_size_that_fargate_does_not_have_is_refused(tmp_path: Path) -> None:
    found = refused(tmp_path, **{"services.api.memory": "4096"})
    assert "services.api: Fargate has no task of cpu 256 with memory 4096" in found


def test_an_app_that_is_not_in_the_routes_is_refused(tmp_path: Path) -> None:
    size = "{ cpu = 256, memory = 512, minimum = 1, maximum = 2, pool = 5 }"
    assert "services: shop" in refused(tmp_path, **{"services.shop": size})


def test_a_database_that_is_not_graviton_is_refused(tmp_path: Path) -> None:
    found = refused(tmp_path, **{"aurora.instance_class": '"r6i.large"'})
    assert "aurora.instance_class 'r6i.large' is not Graviton" in found


def test_more_nodes_of_the_bus_than_zones_are_refused(tmp_path: Path) -> None:
    found = refused(tmp_path, **{"profile": '"small"', "zones": TWO_ZONES, "valkey.nodes": "2"})
    assert "valkey.nodes 2: at most one a zone, and tasks run in 1" in found


def test_backups_are_kept_for_a_week_at_least(tmp_path: Path) -> None:
    assert "aurora.backup_days" in refused(tmp_path, **{"aurora.backup_days": "1"})


def test_more_gateways_than_zones_are_refused(tmp_path: Path) -> None:
    assert "nat 4: from 1 to 3" in refused(tmp_path, nat="4")


def test_an_unknown_endpoint_is_named(tmp_path: Path) -> None:
    assert "endpoints: 'quantum' is not known" in refused(tmp_path, endpoints='["quantum"]')


def test_days_that_cloudwatch_does_not_offer_are_refused(tmp_path: Path) -> None:
    assert "log_days 31" in refused(tmp_path, log_days="31")


def test_an_account_has_twelve_digits(tmp_path: Path) -> None:
    assert "write its twelve digits" in refused(tmp_path, account='"1234"')


def test_a_network_that_is_too_small_is_refused(tmp_path: Path) -> None:
    assert "cidr '10.42.0.0/24'" in refused(tmp_path, cidr='"10.42.0.0/24"')


def test_an_unknown_profile_is_told_the_known_ones(tmp_path: Path) -> None:
    assert "profile is one of full, small" in refused(tmp_path, profile='"huge"')


def test_an_unknown_environment_is_told_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match="it has production, staging"):
        load("integration")


def test_a_file_that_is_not_toml_says_where(tmp_path: Path) -> None:
    (tmp_path / "environments.toml").write_text("[staging\n")
    with pytest.raises(ConfigurationError, match=r"is not TOML: .*line 1"):
        load("staging", tmp_path / "environments.toml")


def test_credentials_of_another_account_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="use that account's credentials"):
        check_account(trial(tmp_path), "999988887777")


def test_the_placeholder_is_never_deployed() -> None:
    with pytest.raises(ConfigurationError, match="still the placeholder"):
        check_account(load_delivery(), "000000000000")


def test_the_account_of_the_environment_is_right(tmp_path: Path) -> None:
    check_account(trial(tmp_path), "111122223333")
