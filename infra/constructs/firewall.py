"""The web application firewall before the six apps: managed rules, and a rate per address."""

import aws_cdk as cdk
from aws_cdk import aws_elasticloadbalancingv2 as elb
from aws_cdk import aws_wafv2 as waf
from constructs import Construct

from infra.constructs.log_groups import log_group
from infra.environments import Environment

# Groups of rules that AWS keeps up to date.
MANAGED = (
    "AWSManagedRulesAmazonIpReputationList",
    "AWSManagedRulesCommonRuleSet",
    "AWSManagedRulesKnownBadInputsRuleSet",
)
# Of the common rules, those that real use breaks: imports and batches of readings are larger than
# 8 KB, which is all that the firewall reads of a body; the apps bound it themselves.
COUNTED = {"AWSManagedRulesCommonRuleSet": ("SizeRestrictions_BODY",)}
# Requests from one address in five minutes. A person's browser stays far below the first. Behind
# one address of the API there may be a site of devices or a customer's server.
WINDOW_S = 300
PEOPLE = 3_000
MACHINES = 60_000
# CloudWatch takes logs of firewalls under this prefix only.
LOG_PREFIX = "aws-waf-logs-"


class Firewall(Construct):
    """Stands before `balancer`; what it stops is logged, without what signs people in."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: Environment,
        balancer: elb.ApplicationLoadBalancer,
        api_host: str,
    ) -> None:
        super().__init__(scope, construct_id)
        rules = [_managed(number, name) for number, name in enumerate(MANAGED)]
        rules += _rates(len(rules), api_host)
        acl = waf.CfnWebACL(
            self,
            "Acl",
            scope="REGIONAL",
            default_action=waf.CfnWebACL.DefaultActionProperty(allow={}),
            description=f"Fortress {environment.name}: web apps",
            visibility_config=_visible("web"),
            rules=rules,
        )
        waf.CfnWebACLAssociation(
            self,
            "BeforeApps",
            resource_arn=balancer.load_balancer_arn,
            web_acl_arn=acl.attr_arn,
        )
        self._log(environment, acl)

    def _log(self, environment: Environment, acl: waf.CfnWebACL) -> None:
        name = f"{LOG_PREFIX}{environment.prefix}"
        group = log_group(self, "Log", name=name, environment=environment)
        stack = cdk.Stack.of(self)
        configuration = waf.CfnLoggingConfiguration(
            self,
            "Logging",
            resource_arn=acl.attr_arn,
            # Not the group's own ARN: that ends in :*, which is refused here.
            log_destination_configs=[
                stack.format_arn(
                    service="logs",
                    resource="log-group",
                    resource_name=name,
                    arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
                )
            ],
            logging_filter={
                "DefaultBehavior": "DROP",
                "Filters": [
                    {
                        "Behavior": "KEEP",
                        "Requirement": "MEETS_ANY",
                        "Conditions": [{"ActionCondition": {"Action": "BLOCK"}}],
                    }
                ],
            },
            redacted_fields=[
                waf.CfnLoggingConfiguration.FieldToMatchProperty(single_header={"Name": header})
                for header in ("authorization", "cookie")
            ],
        )
        configuration.node.add_dependency(group)


def _managed(priority: int, name: str) -> waf.CfnWebACL.RuleProperty:
    counted = [
        waf.CfnWebACL.RuleActionOverrideProperty(
            name=rule, action_to_use=waf.CfnWebACL.RuleActionProperty(count={})
        )
        for rule in COUNTED.get(name, ())
    ]
    return waf.CfnWebACL.RuleProperty(
        name=name,
        priority=priority,
        override_action=waf.CfnWebACL.OverrideActionProperty(none={}),
        statement=waf.CfnWebACL.StatementProperty(
            managed_rule_group_statement=waf.CfnWebACL.ManagedRuleGroupStatementProperty(
                vendor_name="AWS", name=name, rule_action_overrides=counted or None
            )
        ),
        visibility_config=_visible(name),
    )


def _rates(first: int, api_host: str) -> list[waf.CfnWebACL.RuleProperty]:
    """One rate for the API, a smaller one for all else."""
    api = waf.CfnWebACL.StatementProperty(
        byte_match_statement=waf.CfnWebACL.ByteMatchStatementProperty(
            field_to_match=waf.CfnWebACL.FieldToMatchProperty(single_header={"Name": "host"}),
            positional_constraint="EXACTLY",
            search_string=api_host,
            text_transformations=[
                waf.CfnWebACL.TextTransformationProperty(priority=0, type="LOWERCASE")
            ],
        )
    )
    others = waf.CfnWebACL.StatementProperty(
        not_statement=waf.CfnWebACL.NotStatementProperty(statement=api)
    )
    return [
        _rate(first, "rate-of-machines", MACHINES, api),
        _rate(first + 1, "rate-of-people", PEOPLE, others),
    ]


def _rate(
    priority: int, name: str, limit: int, where: waf.CfnWebACL.StatementProperty
) -> waf.CfnWebACL.RuleProperty:
    return waf.CfnWebACL.RuleProperty(
        name=name,
        priority=priority,
        action=waf.CfnWebACL.RuleActionProperty(
            block=waf.CfnWebACL.BlockActionProperty(
                custom_response=waf.CfnWebACL.CustomResponseProperty(response_code=429)
            )
        ),
        statement=waf.CfnWebACL.StatementProperty(
            rate_based_statement=waf.CfnWebACL.RateBasedStatementProperty(
                aggregate_key_type="IP",
                limit=limit,
                evaluation_window_sec=WINDOW_S,
                scope_down_statement=where,
            )
        ),
        visibility_config=_visible(name),
    )


def _visible(name: str) -> waf.CfnWebACL.VisibilityConfigProperty:
    """Counted in CloudWatch; no samples of requests, which would hold keys and cookies."""
    return waf.CfnWebACL.VisibilityConfigProperty(
        cloud_watch_metrics_enabled=True, metric_name=name, sampled_requests_enabled=False
    )
