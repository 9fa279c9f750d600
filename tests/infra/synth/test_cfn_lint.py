import json
from pathlib import Path

from infra.cfn_lint import problems

BROKEN = {
    "Resources": {
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": 7, "Colour": "red"}},
        "Subnet": {
            "Type": "AWS::EC2::Subnet",
            "Properties": {
                "VpcId": "vpc-12345678",
                "CidrBlock": "10.0.0.0/24",
                "AvailabilityZone": "us-east-1a",
            },
        },
    }
}


def test_what_it_finds_is_a_problem_and_what_was_acknowledged_is_not(tmp_path: Path) -> None:
    (tmp_path / "stack.template.json").write_text(json.dumps(BROKEN))
    found = "\n".join(problems([tmp_path], "us-east-1"))
    assert "stack.template.json: Resources/Bucket/Properties/Colour: E3002" in found
    assert "W3010" not in found


def test_a_folder_without_templates_has_none(tmp_path: Path) -> None:
    assert problems([tmp_path], "us-east-1") == []
