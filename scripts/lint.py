"""`python -m scripts.lint`: every check of the code, side by side, each with its own output."""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
CHECKS: dict[str, tuple[str, ...]] = {
    "types (mypy)": ("mypy",),
    "locks": ("python", "-m", "scripts.lock", "--check"),
    "style (ruff check)": ("ruff", "check", "--output-format=concise", "."),
    "format (ruff format)": ("ruff", "format", "--check", "--output-format=concise", "."),
    "imports (import-linter)": ("lint-imports", "--no-logo"),
    "rules (scripts.rules)": ("python", "-m", "scripts.rules"),
    "bastion keys": ("python", "-m", "infra.bastion.authorize", "infra/bastion/keys"),
    "workflows (zizmor)": ("zizmor", "--offline", "--strict-collection", "--quiet", ".github"),
}


@dataclass(frozen=True)
class Outcome:
    name: str
    ok: bool
    output: str
    seconds: float


def run(name: str) -> Outcome:
    """Run one check to its end."""
    program, *arguments = CHECKS[name]
    began = time.monotonic()
    done = subprocess.run(  # noqa: S603 - the commands above
        [BIN / program, *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return Outcome(name, done.returncode == 0, done.stdout, time.monotonic() - began)


def main() -> int:
    failed = []
    with ThreadPoolExecutor(3) as pool:
        for ended in as_completed([pool.submit(run, name) for name in CHECKS]):
            outcome = ended.result()
            mark = "ok    " if outcome.ok else "FAILED"
            sys.stdout.write(f"{mark} {outcome.name}, {outcome.seconds:.1f} s\n")
            if not outcome.ok:
                failed.append(outcome.name)
                sys.stdout.write(f"{outcome.output.rstrip()}\n\n")
            sys.stdout.flush()
    sys.stdout.write(f"lint: {', '.join(failed) + ' failed' if failed else 'all checks passed'}\n")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
