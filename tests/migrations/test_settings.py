"""What the migrations are told about users: a mistake is one sentence, without a password."""

import json
from typing import Any

import pytest

from migrations.__main__ import migrate
from migrations.grants import APPS
from migrations.settings import DatabaseUsers, MigrationsSettings
from shared.errors import ConfigurationError
from shared.settings import load

PASSWORDS = {app: f"hunter2-of-{app}" for app in APPS}


def refused(**given: Any) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load(MigrationsSettings, **given)
    assert "hunter2" not in caught.value.detail
    assert "\n" not in caught.value.detail
    return caught.value.detail


def test_by_default_no_users_are_made() -> None:
    settings = load(MigrationsSettings)
    assert settings.database_users is None
    assert settings.user_passwords() == {}


def test_passwords_are_a_json_object_with_one_for_each_app() -> None:
    given = {"database_users": "password", "database_user_passwords": json.dumps(PASSWORDS)}
    settings = load(MigrationsSettings, **given)
    assert settings.user_passwords() == PASSWORDS
    assert "hunter2" not in repr(settings)


@pytest.mark.parametrize(
    ("users", "passwords", "said"),
    [
        ("password", None, "go together"),
        ("iam", PASSWORDS, "go together"),
        (None, PASSWORDS, "go together"),
        ("password", PASSWORDS | {"api": "hunter2"}, "shorter than 12"),
        ("password", PASSWORDS | {"intranet": "hunter2hunter2"}, "no app 'intranet'"),
        ("password", {"api": PASSWORDS["api"]}, "has none for administration, billing"),
        ("password", ["hunter2"], "not a JSON object"),
        ("password", PASSWORDS | {"api": 1}, "not a JSON object"),
    ],
)
def test_what_does_not_fit_together_is_refused(
    users: str | None, passwords: Any, said: str
) -> None:
    given = None if passwords is None else json.dumps(passwords)
    assert said in refused(database_users=users, database_user_passwords=given)


def test_what_is_no_json_is_refused() -> None:
    given = {"database_users": "password", "database_user_passwords": "{hunter2"}
    assert "not a JSON object of texts" in refused(**given)


def test_another_way_to_sign_in_is_refused() -> None:
    assert refused(database_users="roles").startswith("FORTRESS_DATABASE_USERS: ")


async def test_on_sqlite_nothing_is_done_about_users(tmp_path: Any) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/fortress.db"
    settings = MigrationsSettings(database_url=url, database_users=DatabaseUsers.iam)
    moved, users = await migrate(settings, "0001")
    assert moved == (None, "0001")
    assert users == ""
