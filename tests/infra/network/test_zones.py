from typing import Any


def test_no_template_holds_a_made_up_zone(templates: dict[str, dict[str, Any]]) -> None:
    assert [name for name, text in templates.items() if "dummy" in str(text)] == []
