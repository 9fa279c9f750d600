"""A plugin of pytest: says at the end how many of the routes that there are were walked."""

import pytest

# What a test notes: the app, its routes with an entry, and all of its routes.
PROPERTY = "isolation"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [
        report for kind in ("passed", "failed") for report in terminalreporter.stats.get(kind, [])
    ]
    noted = [
        value for report in reports for name, value in report.user_properties if name == PROPERTY
    ]
    if not noted:
        return
    terminalreporter.section("isolation")
    for app, walked, there in sorted(noted):
        terminalreporter.line(f"{app}: {walked} of {there} routes walked")
    walked, there = (sum(one[at] for one in noted) for at in (1, 2))
    terminalreporter.line(f"all: {walked} of {there} routes, {100 * walked / there:.0f}%")
