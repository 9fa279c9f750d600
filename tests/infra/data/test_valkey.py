from typing import Any

import pytest

from tests.support.templates import Templates, every, only

GROUP = "AWS::ElastiCache::ReplicationGroup"


@pytest.fixture
def data(templates: Templates, environment_name: str) -> dict[str, Any]:
    return templates[f"fortress-{environment_name}-data"]


@pytest.fixture
def valkey(data: dict[str, Any]) -> dict[str, Any]:
    return only(data, GROUP)


def test_it_is_valkey_on_graviton(valkey: dict[str, Any]) -> None:
    assert valkey["Engine"] == "valkey"
    assert valkey["CacheNodeType"].startswith("cache.t4g.")


def test_tls_is_the_only_way_in(valkey: dict[str, Any]) -> None:
    assert valkey["TransitEncryptionEnabled"] is True
    assert valkey["TransitEncryptionMode"] == "required"


def test_what_it_holds_is_encrypted(valkey: dict[str, Any]) -> None:
    assert valkey["AtRestEncryptionEnabled"] is True
    assert "KmsKeyId" in valkey


def test_its_password_is_resolved_at_deployment_and_in_no_template(valkey: dict[str, Any]) -> None:
    first, secret, last = valkey["AuthToken"]["Fn::Join"][1]
    assert first == "{{resolve:secretsmanager:"
    assert "ValkeySecret" in secret["Ref"]
    assert last == ":SecretString:password::}}"


def test_its_password_has_characters_that_elasticache_takes(data: dict[str, Any]) -> None:
    (made,) = (
        secret["GenerateSecretString"]
        for secret in every(data, "AWS::SecretsManager::Secret")
        if secret["Name"].endswith("/valkey")
    )
    assert 16 <= made["PasswordLength"] <= 128
    assert made["ExcludePunctuation"] is True


def test_production_fails_over_to_a_node_in_another_zone(templates: Templates) -> None:
    valkey = only(templates["fortress-production-data"], GROUP)
    assert valkey["AutomaticFailoverEnabled"] is True
    assert valkey["MultiAZEnabled"] is True
    assert len(set(valkey["PreferredCacheClusterAZs"])) == valkey["NumCacheClusters"] == 2


def test_nothing_of_it_is_kept_for_it_only_hurries(valkey: dict[str, Any]) -> None:
    assert valkey["SnapshotRetentionLimit"] == 0
