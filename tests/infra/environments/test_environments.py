import pytest

from infra.environments import load, load_all
from infra.sizes import Peak


def test_there_are_staging_and_production() -> None:
    assert [environment.name for environment in load_all()] == ["staging", "production"]


def test_an_environment_replaces_single_values_of_its_profile() -> None:
    ingest = load("production").services["ingest"]
    assert ingest.cpu == 512
    assert ingest.peaks[0] == Peak("45 2 * * ? *", 4)


def test_staging_runs_its_tasks_in_one_zone() -> None:
    assert load("staging").task_zones == ("us-east-1a",)


def test_production_runs_its_tasks_in_three_zones() -> None:
    assert len(load("production").task_zones) == 3


def test_environments_have_networks_of_their_own() -> None:
    assert len({environment.cidr for environment in load_all()}) == 2


def test_every_service_of_production_scales_to_twenty() -> None:
    assert {size.maximum for size in load("production").services.values()} == {20}


@pytest.mark.parametrize("name", ["staging", "production"])
def test_the_last_peak_goes_back_to_the_minimum(name: str) -> None:
    services = load(name).services.values()
    assert all(size.peaks[-1].minimum == size.minimum for size in services if size.peaks)
