"""The registry: which images are there, and putting new ones there."""

import base64
import time
from collections.abc import Iterable, Mapping
from typing import Any

from infra.deploy.aws import ClientError, Place, code_of
from scripts.images.engine import Engine
from shared.errors import ConfigurationError, Unavailable

REPOSITORY = "fortress/{}"
# How often the registry is asked whether its scan has ended.
PAUSE_S = 5.0
LOOKS = 60
ENDED = {"ACTIVE", "COMPLETE"}
FAILED = {"FAILED", "UNSUPPORTED_IMAGE"}
# What is said of an image whose base is unknown, such as one built from nothing.
UNSUPPORTED = "UNSUPPORTEDIMAGE"


def tags(place: Place, apps: Iterable[str]) -> dict[str, set[str]]:
    """The tags in the registry by app. Raises `ConfigurationError` for a repository that is not."""
    client = place.client("ecr")
    return {app: _tags(client.get_paginator("list_images"), app) for app in apps}


def check(place: Place, wanted: Mapping[str, str]) -> None:
    """Every image of `wanted` (tag by app) is there. Raises `ConfigurationError` naming those that
    are not: what names them cannot be deployed.
    """
    there = tags(place, wanted)
    missing = [
        f"fortress/{app}:{tag}" for app, tag in sorted(wanted.items()) if tag not in there[app]
    ]
    if missing:
        raise ConfigurationError(
            f"no such image: {', '.join(missing)}. Nothing was changed. Build and push it first "
            "(`python -m infra.deploy push`), or deploy a release whose images are there"
        )


def push(place: Place, engine: Engine, app: str, tag: str) -> str:
    """Put the image that was built here as `fortress/<app>:dev` into the registry; its address."""
    registry = f"{place.account}.dkr.ecr.{place.region}.amazonaws.com"
    token = place.client("ecr").get_authorization_token()["authorizationData"][0]
    user, _, password = base64.b64decode(token["authorizationToken"]).decode().partition(":")
    engine.call("login", "--username", user, "--password-stdin", registry, stdin=password)
    address = f"{registry}/{REPOSITORY.format(app)}:{tag}"
    engine.call("tag", f"fortress/{app}:dev", address)
    engine.call("push", "--quiet", address)
    return address


def scanned(
    place: Place, app: str, tag: str, *, pause_s: float = PAUSE_S, looks: int = LOOKS
) -> dict[str, int] | None:
    """How many findings of each severity the scan of an image has; none when the registry cannot
    scan such an image. Raises `Unavailable` when it does not end.
    """
    client = place.client("ecr")
    asked = {"repositoryName": REPOSITORY.format(app), "imageId": {"imageTag": tag}}
    for _ in range(looks):
        try:
            found = client.describe_image_scan_findings(**asked)
        except ClientError as error:
            # Just pushed: the scan has not begun.
            if code_of(error) != "ScanNotFoundException":
                raise
            found = {"imageScanStatus": {"status": "PENDING"}}
        if found["imageScanStatus"]["status"] in ENDED | FAILED:
            return severities(f"fortress/{app}:{tag}", found)
        time.sleep(pause_s)
    raise Unavailable(f"the scan of fortress/{app}:{tag} did not end: see ECR's page")


def severities(image: str, found: Mapping[str, Any]) -> dict[str, int] | None:
    """The findings of a scan that has ended, as the registry describes it, by their severity; none
    where it cannot scan such an image. Raises `Unavailable` for a scan that failed.
    """
    said = found["imageScanStatus"]
    if said["status"] in ENDED:
        return dict(found["imageScanFindings"].get("findingSeverityCounts", {}))
    why = said.get("description", said["status"])
    if UNSUPPORTED in why.upper().replace("_", ""):
        return None
    raise Unavailable(f"{image} could not be scanned: {why}")


def _tags(paginator: object, app: str) -> set[str]:
    name = REPOSITORY.format(app)
    try:
        pages = paginator.paginate(repositoryName=name, filter={"tagStatus": "TAGGED"})  # type: ignore[attr-defined]  # boto3 makes it at run time
        return {image["imageTag"] for page in pages for image in page["imageIds"]}
    except ClientError as error:
        if code_of(error) != "RepositoryNotFoundException":
            raise
        raise ConfigurationError(
            f"there is no repository {name}: deploy the stack fortress-delivery first "
            "(`python -m infra.deploy delivery`)"
        ) from None
