"""What a rule found and stays: each with its reason, on the construct itself."""

import aws_cdk as cdk
from constructs import IConstruct

NAG = "AwsSolutions"
# The construct library's own look at the templates.
LIBRARY = "CloudFormation-Validate"


def acknowledge(construct: IConstruct, rule: str, reason: str) -> None:
    """Let `rule` stand for this construct and those inside it; `reason` is for the reader.

    `rule` as the report names it: `AwsSolutions-S1` of cdk-nag, `W3010` of the library's own.
    """
    pack = NAG if rule.startswith(NAG) else LIBRARY
    cdk.Validations.of(construct).acknowledge(
        cdk.Acknowledgment(id=f"{pack}::{rule}", reason=reason)
    )
