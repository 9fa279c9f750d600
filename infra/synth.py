"""`make synth`: write every template without an account, and check all that can be checked."""

import argparse
import sys
from pathlib import Path

from infra import cfn_lint, verify
from infra.environments import load_delivery
from shared.errors import ConfigurationError

COLUMNS = ("stack", "resources", "bytes", "acknowledged")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m infra.synth", description=__doc__)
    parser.add_argument(
        "--out", type=Path, default=Path("var/synth"), help="folder (default: var/synth)"
    )
    out = parser.parse_args(arguments).out
    try:
        folders = write(out)
        found = check(folders)
        sys.stdout.write(table(folders))
    except ConfigurationError as error:
        sys.stderr.write(f"{error.detail}\n")
        return 2
    for line in found:
        sys.stdout.write(f"{line}\n")
    count = sum(len(verify.stacks(folder)) for folder in folders)
    outcome = f"{len(found)} findings" if found else "no findings"
    sys.stdout.write(f"{count} templates in {out}/<environment>/: {outcome}\n")
    return bool(found)


def write(out: Path) -> list[Path]:
    """Write every environment's folder; what cannot be used is a `ConfigurationError`."""
    # The constructs start their Node when they are imported.
    from infra import app  # noqa: PLC0415 - asking for --help starts none

    for name in app.names():
        app.write(name, out / name)
    return [out / name for name in app.names()]


def check(folders: list[Path]) -> list[str]:
    """Everything that does not hold: cdk-nag, the library's own rules, ours, and cfn-lint."""
    found = [problem for folder in folders for problem in verify.problems(folder)]
    return found + cfn_lint.problems(folders, load_delivery().region)


def table(folders: list[Path]) -> str:
    """One line a stack."""
    rows = [
        (stack.name, str(stack.resources), f"{stack.size:,}", str(stack.acknowledged))
        for folder in folders
        for stack in verify.stacks(folder)
    ]
    widths = [max(len(row[i]) for row in (COLUMNS, *rows)) for i in range(len(COLUMNS))]
    return "".join(_row(row, widths) for row in (COLUMNS, *rows))


def _row(row: tuple[str, ...], widths: list[int]) -> str:
    cells = [row[0].ljust(widths[0])]
    cells += [text.rjust(width) for text, width in zip(row[1:], widths[1:], strict=True)]
    return "  ".join(cells) + "\n"


if __name__ == "__main__":
    sys.exit(main())
