from typing import Any

import pytest

from infra.verify import within_limits
from shared.errors import ConfigurationError


def _template(section: str, count: int) -> dict[str, Any]:
    return {section: {f"Thing{number}": {} for number in range(count)}}


def test_a_template_larger_than_cloudformation_takes_is_refused() -> None:
    with pytest.raises(
        ConfigurationError, match=r"1,000,001 bytes; CloudFormation takes 1,000,000"
    ):
        within_limits("fortress-production-data", 1_000_001, {})


def test_a_template_at_the_limit_is_taken() -> None:
    within_limits("fortress-production-data", 1_000_000, _template("Resources", 500))


@pytest.mark.parametrize(
    ("section", "most"), [("Resources", 500), ("Parameters", 200), ("Outputs", 200)]
)
def test_more_of_a_kind_than_cloudformation_takes_is_refused(section: str, most: int) -> None:
    with pytest.raises(ConfigurationError, match=f"{most + 1} {section.lower()}.*takes {most}"):
        within_limits("fortress-production-data", 10, _template(section, most + 1))
