"""What the registry says of scans."""

from typing import Any

import pytest

from infra.deploy.aws import Place
from infra.deploy.images import scanned, severities
from infra.environments import load
from shared.errors import Unavailable
from tests.support.deploying import TAG, Cloud

IMAGE = f"fortress/api:{TAG}"


def described(status: str, description: str = "", **counts: int) -> dict[str, Any]:
    """A scan as the registry describes it."""
    said = {"status": status} | ({"description": description} if description else {})
    return {"imageScanStatus": said, "imageScanFindings": {"findingSeverityCounts": counts}}


@pytest.mark.parametrize("status", ["COMPLETE", "ACTIVE"])
def test_findings_are_counted_by_severity(status: str) -> None:
    assert severities(IMAGE, described(status, HIGH=2, LOW=7)) == {"HIGH": 2, "LOW": 7}


def test_a_clean_image_has_none() -> None:
    found = {"imageScanStatus": {"status": "COMPLETE"}, "imageScanFindings": {}}
    assert severities(IMAGE, found) == {}


@pytest.mark.parametrize(
    "found",
    [
        described("UNSUPPORTED_IMAGE"),
        described("UNSUPPORTED_IMAGE", "UnsupportedImageError: the base is not known"),
        described("FAILED", "UnsupportedImageError: The operating system is not supported."),
    ],
)
def test_an_image_that_cannot_be_scanned_is_no_failure(found: dict[str, Any]) -> None:
    assert severities(IMAGE, found) is None


@pytest.mark.parametrize(
    ("found", "why"),
    [(described("FAILED"), "FAILED"), (described("FAILED", "timed out"), "timed out")],
)
def test_a_scan_that_failed_says_why_and_of_what(found: dict[str, Any], why: str) -> None:
    with pytest.raises(Unavailable, match=f"{IMAGE} could not be scanned: {why}"):
        severities(IMAGE, found)


@pytest.mark.usefixtures("cloud")
def test_an_image_is_looked_at_until_its_scan_has_ended(cloud: Cloud) -> None:
    cloud.images(TAG, apps=("api",))
    place = Place(load("staging"))
    # moto's scan finds what it always finds.
    assert scanned(place, "api", TAG, pause_s=0, looks=1)


@pytest.mark.usefixtures("cloud")
def test_a_scan_that_does_not_begin_is_not_waited_for_for_ever(cloud: Cloud) -> None:
    cloud.images(apps=())
    cloud.client("ecr").put_image(
        repositoryName="fortress/api",
        imageManifest='{"schemaVersion": 2, "of": "unscanned"}',
        imageManifestMediaType="application/vnd.oci.image.manifest.v1+json",
        imageTag=TAG,
    )
    with pytest.raises(Unavailable, match="did not end"):
        scanned(Place(load("staging")), "api", TAG, pause_s=0, looks=2)
