"""AWS as the pipeline speaks to it. AWS_ENDPOINT_URL leads somewhere else, as tests do."""

from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from infra.environments import Delivery, Environment, check_account
from shared.errors import ConfigurationError

__all__ = ["ClientError", "Place", "code_of"]


class Place:
    """An account and a region. Raises `ConfigurationError` where the credentials are not for it."""

    def __init__(self, where: Environment | Delivery) -> None:
        self.region = where.region
        self.account = where.account
        try:
            caller = self.client("sts").get_caller_identity()["Account"]
        except (BotoCoreError, ClientError) as error:
            raise ConfigurationError(
                f"AWS does not know who asks ({error}): sign in, as with `aws sso login`, "
                "or set AWS_PROFILE"
            ) from None
        check_account(where, caller)

    def client(self, service: str) -> Any:
        """A client of boto3, which has no types for all of them."""
        make: Any = boto3.client
        return make(service, region_name=self.region)


def code_of(error: ClientError) -> str:
    """AWS's name for what went wrong."""
    return str(error.response["Error"]["Code"])
