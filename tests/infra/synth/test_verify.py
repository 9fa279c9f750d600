"""What is told of a folder of templates."""

import json
from pathlib import Path
from typing import Any

from infra.verify import problems

REASON = "It is where logs go: its own would be written into itself."


def _folder(
    tmp_path: Path,
    *,
    template: str = "{}",
    missing: list[dict[str, str]] | None = None,
    found: list[dict[str, Any]] | None = None,
    stands: list[dict[str, Any]] | None = None,
    acknowledged: dict[str, dict[str, str]] | None = None,
) -> Path:
    report = {"pluginReports": [{"violations": found or [], "suppressedViolations": stands or []}]}
    metadata = {
        path: [{"type": "aws:cdk:acknowledged-rules", "data": rules}]
        for path, rules in (acknowledged or {}).items()
    }
    (tmp_path / "manifest.json").write_text(json.dumps({"missing": missing or []}))
    (tmp_path / "validation-report.json").write_text(json.dumps(report))
    (tmp_path / "stack.template.json").write_text(template)
    (tmp_path / "stack.metadata.json").write_text(json.dumps(metadata))
    return tmp_path


def _violation(path: str, **more: str) -> dict[str, Any]:
    return {
        "ruleName": "AwsSolutions-S1",
        "description": "The S3 Bucket has server access logs disabled.",
        "violatingConstructs": [{"constructPath": path}],
    } | more


def test_a_clean_folder_has_no_problems(tmp_path: Path) -> None:
    assert list(problems(_folder(tmp_path))) == []


def test_what_would_be_looked_up_is_a_problem(tmp_path: Path) -> None:
    (found,) = problems(_folder(tmp_path, missing=[{"key": "availability-zones:account=1"}]))
    assert "availability-zones:account=1 would be looked up in an account" in found


def test_a_made_up_value_is_a_problem(tmp_path: Path) -> None:
    (found,) = problems(_folder(tmp_path, template='{"Description": "dummy1a"}'))
    assert "stack: holds a made-up value" in found


def test_a_finding_is_a_problem(tmp_path: Path) -> None:
    (found,) = problems(_folder(tmp_path, found=[_violation("stack/Logs/Resource")]))
    assert found == (
        "stack/Logs/Resource: AwsSolutions-S1: The S3 Bucket has server access logs disabled."
    )


def test_a_finding_that_was_acknowledged_with_a_reason_is_none(tmp_path: Path) -> None:
    stands = [_violation("stack/Logs/Resource", acknowledgedAt="stack/Logs", reason=REASON)]
    given = {"/stack/Logs": {"AwsSolutions::AwsSolutions-S1": REASON}}
    assert list(problems(_folder(tmp_path, stands=stands, acknowledged=given))) == []


def test_an_acknowledgement_of_a_whole_stack_is_a_problem(tmp_path: Path) -> None:
    stands = [_violation("stack/Logs/Resource", acknowledgedAt="stack", reason=REASON)]
    given = {"/stack": {"AwsSolutions::AwsSolutions-S1": REASON}}
    (found,) = problems(_folder(tmp_path, stands=stands, acknowledged=given))
    assert "is acknowledged for a whole stack: name the construct" in found


def test_an_acknowledgement_without_a_reason_is_a_problem(tmp_path: Path) -> None:
    stands = [_violation("stack/Logs/Resource", acknowledgedAt="stack/Logs", reason="fine")]
    given = {"/stack/Logs": {"AwsSolutions::AwsSolutions-S1": "fine"}}
    (found,) = problems(_folder(tmp_path, stands=stands, acknowledged=given))
    assert "for no reason to speak of: 'fine'" in found


def test_an_acknowledgement_of_nothing_is_a_problem(tmp_path: Path) -> None:
    given = {"/stack/Logs": {"AwsSolutions::AwsSolutions-S1": REASON}}
    (found,) = problems(_folder(tmp_path, acknowledged=given))
    assert "is acknowledged and not found any more: take it out" in found
