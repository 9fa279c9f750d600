"""What commands print: for people, or one JSON document on stdout and nothing else."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]


def examples(*lines: str) -> str:
    """The foot of a help text."""
    return "\n\n".join(["[bold]Examples[/bold]", *(f"  [cyan]{escape(x)}[/cyan]" for x in lines)])


def document(value: Any) -> None:
    """Print JSON."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, default=str) + "\n")


def facts(values: Mapping[str, object], note: str = "") -> None:
    """Print names and values. Values are never wrapped, so that they can be copied whole."""
    console = Console(highlight=False)
    width = max(map(len, values), default=0)
    for name, value in values.items():
        console.print(f"[dim]{name:<{width}}[/dim]  {escape(str(value))}", soft_wrap=True)
    if note:
        console.print(f"[yellow]{escape(note)}[/yellow]", soft_wrap=True)


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table."""
    made = Table(*columns, box=None, header_style="bold")
    for row in rows:
        made.add_row(*(escape(str(cell)) for cell in row))
    Console(highlight=False).print(made)


def complain(sentence: str) -> None:
    """Say on stderr what went wrong."""
    Console(stderr=True, highlight=False).print(f"[red]{escape(sentence)}[/red]", soft_wrap=True)


def say(sentence: str) -> None:
    """Say something to people, on stderr, where it disturbs no document."""
    Console(stderr=True, highlight=False).print(escape(sentence), soft_wrap=True)
