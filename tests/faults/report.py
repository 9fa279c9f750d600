"""What `make faults` prints."""

from tests.faults.rig import Outcome

HEAD = ("fault", "acknowledged", "missing", "doubled", "recovery s", "RSS MiB", "grown MiB")
ERRORS = "  errors counted"


def table(outcomes: dict[str, Outcome | str]) -> str:
    """One line a fault; a text instead of an outcome says why there is none."""
    wide = max(map(len, [HEAD[0], *outcomes]))
    lines = [f"{HEAD[0]:{wide}}" + "".join(f"{title:>14}" for title in HEAD[1:]) + ERRORS]
    for name, outcome in outcomes.items():
        lines.append(f"{name:{wide}}" + _figures(outcome))
        if isinstance(outcome, Outcome):
            lines += [f"    {figure}" for figure in outcome.figures]
    return "\n".join(lines)


def _figures(outcome: Outcome | str) -> str:
    if isinstance(outcome, str):
        return f"  {outcome}"
    return (
        f"{outcome.acknowledged:>14,}{outcome.missing:>14,}{outcome.doubled:>14,}"
        f"{outcome.recovery_s:>14.2f}{outcome.rss_mib:>14.1f}{outcome.grown_mib:>14.1f}"
        f"  {' '.join(sorted(outcome.errors)) or '-'}"
    )
