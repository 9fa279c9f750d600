"""What the migrations are set from outside."""

import json
from enum import StrEnum
from typing import Self

from pydantic import Field, SecretStr, model_validator

from migrations.grants import APPS
from shared.settings import Settings

SHORTEST = 12


class DatabaseUsers(StrEnum):
    iam = "iam"
    password = "password"  # noqa: S105 - a way to sign in, not a password


class MigrationsSettings(Settings):
    """Settings of the migrations."""

    database_users: DatabaseUsers | None = Field(
        None,
        description="make a database user for each app with only its grants, who signs in with "
        "IAM tokens (iam: Aurora) or passwords (password). Default: none are made",
    )
    database_user_passwords: SecretStr | None = Field(
        None,
        description='their passwords where they sign in with such: {"api": "…", …} with each app',
    )

    @model_validator(mode="after")
    def _passwords_for_all(self) -> Self:
        wanted = self.database_users is DatabaseUsers.password
        if wanted != (self.database_user_passwords is not None):
            raise ValueError(
                "FORTRESS_DATABASE_USER_PASSWORDS and FORTRESS_DATABASE_USERS=password "
                "go together; set both, or neither"
            )
        found = self.user_passwords()
        if wanted and (missing := sorted(set(APPS) - found.keys())):
            raise ValueError(f"FORTRESS_DATABASE_USER_PASSWORDS: has none for {', '.join(missing)}")
        if unknown := sorted(found.keys() - set(APPS)):
            raise ValueError(
                f"FORTRESS_DATABASE_USER_PASSWORDS: there is no app {unknown[0][:64]!a}"
            )
        if any(len(password) < SHORTEST for password in found.values()):
            raise ValueError(
                f"FORTRESS_DATABASE_USER_PASSWORDS: one is shorter than {SHORTEST} characters"
            )
        return self

    def user_passwords(self) -> dict[str, str]:
        """App → password; empty where there are none. Raises `ValueError`."""
        if self.database_user_passwords is None:
            return {}
        try:
            found = json.loads(self.database_user_passwords.get_secret_value())
        except ValueError:
            found = None
        if not isinstance(found, dict) or not all(isinstance(one, str) for one in found.values()):
            # Without what it was: that is secret.
            raise ValueError(
                "FORTRESS_DATABASE_USER_PASSWORDS: not a JSON object of texts"
            ) from None
        return found
