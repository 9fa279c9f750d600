from typing import Any

import pytest

from tests.support.templates import Templates, every, only

ACL = "AWS::WAFv2::WebACL"


@pytest.fixture
def edge(templates: Templates) -> dict[str, Any]:
    return templates["fortress-production-edge"]


@pytest.fixture
def rules(edge: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {rule["Name"]: rule for rule in only(edge, ACL)["Rules"]}


def test_the_small_profile_has_none(templates: Templates) -> None:
    assert every(templates["fortress-staging-edge"], ACL) == []


def test_it_stands_before_the_web_apps(edge: dict[str, Any]) -> None:
    assert "WebBalancer" in only(edge, "AWS::WAFv2::WebACLAssociation")["ResourceArn"]["Ref"]


def test_it_has_rules_that_aws_keeps_up_to_date(rules: dict[str, dict[str, Any]]) -> None:
    managed = {name for name in rules if name.startswith("AWSManagedRules")}
    assert managed == {
        "AWSManagedRulesAmazonIpReputationList",
        "AWSManagedRulesCommonRuleSet",
        "AWSManagedRulesKnownBadInputsRuleSet",
    }


def test_large_bodies_come_through_for_the_apps_bound_them(
    rules: dict[str, dict[str, Any]],
) -> None:
    statement = rules["AWSManagedRulesCommonRuleSet"]["Statement"]["ManagedRuleGroupStatement"]
    (override,) = statement["RuleActionOverrides"]
    assert override == {"Name": "SizeRestrictions_BODY", "ActionToUse": {"Count": {}}}


def test_the_api_has_a_rate_of_its_own_and_everything_else_another(
    rules: dict[str, dict[str, Any]],
) -> None:
    machines = rules["rate-of-machines"]["Statement"]["RateBasedStatement"]
    people = rules["rate-of-people"]["Statement"]["RateBasedStatement"]
    assert people["ScopeDownStatement"] == {
        "NotStatement": {"Statement": machines["ScopeDownStatement"]}
    }
    assert machines["Limit"] > people["Limit"]


def test_who_asks_too_often_is_told_so(rules: dict[str, dict[str, Any]]) -> None:
    answers = {
        rules[name]["Action"]["Block"]["CustomResponse"]["ResponseCode"]
        for name in ("rate-of-machines", "rate-of-people")
    }
    assert answers == {429}


def test_what_it_stopped_is_logged_without_what_signs_people_in(edge: dict[str, Any]) -> None:
    logging = only(edge, "AWS::WAFv2::LoggingConfiguration")
    assert logging["LoggingFilter"]["DefaultBehavior"] == "DROP"
    assert [field["SingleHeader"]["Name"] for field in logging["RedactedFields"]] == [
        "authorization",
        "cookie",
    ]


def test_no_samples_of_requests_are_kept(edge: dict[str, Any]) -> None:
    acl = only(edge, ACL)
    seen = [acl["VisibilityConfig"], *(rule["VisibilityConfig"] for rule in acl["Rules"])]
    assert not any(one["SampledRequestsEnabled"] for one in seen)


def test_its_log_is_where_firewalls_may_write(edge: dict[str, Any]) -> None:
    (group,) = every(edge, "AWS::Logs::LogGroup")
    assert group["LogGroupName"] == "aws-waf-logs-fortress-production"
    assert group["RetentionInDays"] == 30
