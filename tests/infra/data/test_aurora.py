from typing import Any

import pytest

from infra.environments import load
from tests.support.templates import Templates, every, only

CLUSTER = "AWS::RDS::DBCluster"
OF_CLUSTER = "AWS::RDS::DBClusterParameterGroup"
OF_INSTANCES = "AWS::RDS::DBParameterGroup"


@pytest.fixture
def data(templates: Templates, environment_name: str) -> dict[str, Any]:
    return templates[f"fortress-{environment_name}-data"]


@pytest.fixture
def cluster(data: dict[str, Any]) -> dict[str, Any]:
    return only(data, CLUSTER)


def test_it_is_aurora_mysql_of_version_3(cluster: dict[str, Any]) -> None:
    assert cluster["Engine"] == "aurora-mysql"
    assert cluster["EngineVersion"].startswith("8.0.mysql_aurora.3.")


def test_its_instances_are_graviton(data: dict[str, Any], environment_name: str) -> None:
    classes = {instance["DBInstanceClass"] for instance in every(data, "AWS::RDS::DBInstance")}
    assert classes == {f"db.{load(environment_name).aurora.instance_class}"}


def test_production_has_a_second_instance_in_another_zone(templates: Templates) -> None:
    instances = every(templates["fortress-production-data"], "AWS::RDS::DBInstance")
    assert len({instance["AvailabilityZone"] for instance in instances}) == 2


def test_no_instance_has_a_public_address(data: dict[str, Any]) -> None:
    assert not any(
        instance["PubliclyAccessible"] for instance in every(data, "AWS::RDS::DBInstance")
    )


def test_its_storage_is_encrypted_with_our_key(cluster: dict[str, Any]) -> None:
    assert cluster["StorageEncrypted"] is True
    assert "Key" in cluster["KmsKeyId"]["Fn::GetAtt"][0]


def test_the_key_is_renewed_every_year(data: dict[str, Any]) -> None:
    assert only(data, "AWS::KMS::Key")["EnableKeyRotation"] is True


def test_it_can_be_restored_to_any_second_of_a_week_or_more(cluster: dict[str, Any]) -> None:
    assert 7 <= cluster["BackupRetentionPeriod"] <= 35


def test_staging_can_be_turned_back(templates: Templates) -> None:
    assert only(templates["fortress-staging-data"], CLUSTER)["BacktrackWindow"] == 6 * 3600


def test_production_is_never_turned_back_over_acknowledged_readings(templates: Templates) -> None:
    assert "BacktrackWindow" not in only(templates["fortress-production-data"], CLUSTER)


def test_backups_and_maintenance_are_not_when_devices_report(cluster: dict[str, Any]) -> None:
    assert cluster["PreferredBackupWindow"] == "05:00-06:00"
    assert cluster["PreferredMaintenanceWindow"] == "sun:06:00-sun:07:00"


def test_it_is_protected_from_deletion(cluster: dict[str, Any]) -> None:
    assert cluster["DeletionProtection"] is True


def test_a_snapshot_is_kept_when_its_stack_goes(data: dict[str, Any]) -> None:
    (found,) = (one for one in data["Resources"].values() if one["Type"] == CLUSTER)
    assert (found["DeletionPolicy"], found["UpdateReplacePolicy"]) == ("Snapshot", "Snapshot")


def test_rds_keeps_the_master_password_and_no_template_has_it(cluster: dict[str, Any]) -> None:
    assert cluster["ManageMasterUserPassword"] is True
    assert "MasterUserPassword" not in cluster


def test_people_and_apps_sign_in_with_iam(cluster: dict[str, Any]) -> None:
    assert cluster["EnableIAMDatabaseAuthentication"] is True


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("require_secure_transport", "ON"),
        ("innodb_flush_log_at_trx_commit", "1"),
        ("binlog_format", "OFF"),
        ("time_zone", "UTC"),
        ("character_set_server", "utf8mb4"),
        ("tls_version", "TLSv1.2,TLSv1.3"),
    ],
)
def test_the_cluster_is_set_as_the_apps_rely_on(
    data: dict[str, Any], name: str, value: str
) -> None:
    assert only(data, OF_CLUSTER)["Parameters"][name] == value


def test_the_isolation_level_is_the_instances_so_that_no_session_sets_it(
    data: dict[str, Any],
) -> None:
    assert only(data, OF_INSTANCES)["Parameters"]["transaction_isolation"] == "READ-COMMITTED"


def test_the_number_of_connections_is_the_configured_one(
    data: dict[str, Any], environment_name: str
) -> None:
    found = only(data, OF_INSTANCES)["Parameters"]["max_connections"]
    assert found == str(load(environment_name).aurora.max_connections)


def test_every_instance_has_the_parameters(data: dict[str, Any]) -> None:
    groups = {str(one["DBParameterGroupName"]) for one in every(data, "AWS::RDS::DBInstance")}
    assert len(groups) == 1


def test_its_logs_go_after_their_days(data: dict[str, Any], environment_name: str) -> None:
    days = {group["RetentionInDays"] for group in every(data, "AWS::Logs::LogGroup")}
    assert days == {load(environment_name).log_days}


def test_its_logs_are_where_rds_writes_them(data: dict[str, Any], cluster: dict[str, Any]) -> None:
    names = {group["LogGroupName"] for group in every(data, "AWS::Logs::LogGroup")}
    wanted = {
        f"/aws/rds/cluster/{cluster['DBClusterIdentifier']}/{name}"
        for name in cluster["EnableCloudwatchLogsExports"]
    }
    assert wanted < names
