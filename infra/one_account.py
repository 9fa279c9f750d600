"""All environments are in the account of the delivery stack."""

from collections.abc import Sequence

from infra.environments import Delivery, Environment
from shared.errors import ConfigurationError


def check_accounts(delivery: Delivery, environments: Sequence[Environment]) -> None:
    """Raise `ConfigurationError` for an environment of another account: the roles that deploy and
    the repositories that tasks take images from are made in one.
    """
    for environment in environments:
        if environment.account != delivery.account:
            raise ConfigurationError(
                f"[{environment.name}] account is {environment.account}, [delivery] has "
                f"{delivery.account}: roles and images are in one account, so give both the same "
                "number"
            )
