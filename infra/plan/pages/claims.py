"""The articles' figures as a table."""

from html import escape

from infra.plan.articles import Claim
from infra.plan.pages.shell import framed


def claims_table(claims: tuple[Claim, ...]) -> str:
    head = "".join(
        f'<th scope="col">{name}</th>'
        for name in ("the article says", "", "what follows from the prices", "why")
    )
    return framed(
        "The articles' figures",
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(map(_row, claims))}</tbody>",
        "stack",
    )


def _row(claim: Claim) -> str:
    kind, said = ("yes", "follows") if claim.follows else ("no", "does not follow")
    return (
        f'<tr><th scope="row" class="wide">{escape(claim.says)}'
        f'<span class="why">{escape(claim.article)}</span></th><td class="{kind}">{said}</td>'
        f'<td class="wide">{escape(claim.right)}</td>'
        f'<td class="wider">{escape(claim.why)}</td></tr>'
    )
