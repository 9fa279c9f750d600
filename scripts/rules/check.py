"""All rules over all files."""

from collections.abc import Iterator, Sequence

from scripts.rules import sessions, tenants, texts
from scripts.rules.source import Finding, Source

RULES = (
    sessions.commits,
    sessions.routes,
    sessions.relationships,
    texts.comments,
    texts.sizes,
    texts.logs,
)


def check(files: Sequence[Source]) -> list[Finding]:
    """What breaks a rule, in order of path and line."""
    return sorted(_findings(files))


def _findings(files: Sequence[Source]) -> Iterator[Finding]:
    tenancy = tenants.tenancy(files)
    for source in files:
        yield from tenants.queries(source, tenancy)
        for rule in RULES:
            yield from rule(source)
