"""`python -m infra.deploy COMMAND`: the steps of a deployment, in the order of `--help`."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from infra.deploy import commands
from shared.errors import DomainError

RELEASE = Path("var/deploy/release.json")
BEFORE = "var/deploy/before-{}.json"
EXAMPLES = """a deployment, step by step:
  make synth
  python -m infra.deploy plan                         which images, and which are to be built
  python -m infra.deploy push api                     each that was to be built
  python -m infra.deploy check staging                are they all there? else nothing is changed
  python -m infra.deploy running staging              keep what runs
  python -m infra.deploy prepare staging              all that the services stand on
  python -m infra.deploy migrate staging              wait for exit code 0
  python -m infra.deploy services staging             the new images
  python -m infra.deploy smoke staging                does everything answer?
  python -m infra.deploy rollback staging             if not: what ran before

once, and by hand:
  python -m infra.deploy delivery                     repositories of images, roles of the pipeline
  python -m infra.deploy run staging -- org create 'Harbour Offices'
  python -m infra.deploy run staging -- key create --org 'Harbour Offices' --expires 1d

against containers on this machine (`make up`):
  python -m infra.deploy smoke staging --plain --domain fortress.localhost \\
      --web 127.0.0.1:8480 --devices 127.0.0.1:9480

Each exits with 0 when it went well, 1 when it did not, and says in one sentence what to do.
"""


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="python -m infra.deploy",
        description="Deploy to AWS. What is deployed where stands in infra/environments.toml.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parts = made.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Callable[[argparse.Namespace], None]) -> argparse.ArgumentParser:
        summary = (run.__doc__ or "").partition("\n")[0]
        part = parts.add_parser(name, help=summary, description=run.__doc__)
        part.set_defaults(run=run)
        return part

    _building(command)
    _deploying(command)
    return made


Command = Callable[[str, Callable[[argparse.Namespace], None]], argparse.ArgumentParser]


def _building(command: Command) -> None:
    part = command("plan", commands.plan)
    part.add_argument("--head", default="HEAD", help="the commit (default: HEAD)")
    part.add_argument("--out", type=Path, default=RELEASE, help=f"file (default: {RELEASE})")
    part.add_argument(
        "--rebuild", type=int, default=0, metavar="N", help="build all again, for a newer base"
    )
    for name, run in (("push", commands.push), ("scan", commands.scan)):
        part = command(name, run)
        part.add_argument("app", help="the image, as in `plan`")
        _release(part)
    part = command("where", commands.where)
    part.add_argument("environment", help="staging, production, or images")


def _deploying(command: Command) -> None:
    part = _for(command("check", commands.check))
    _release(part)
    part.add_argument("--back", action="store_true", help="also a release older than what runs")
    part = _for(command("running", commands.running))
    part.add_argument("--out", type=Path, help=f"file (default: {BEFORE.format('ENV')})")
    part = _for(command("prepare", commands.prepare))
    _release(part)
    _for(command("migrate", commands.migrate))
    part = _for(command("services", commands.services))
    _release(part)
    part = _for(command("smoke", commands.smoke_test))
    _where(part)
    part = _for(command("rollback", commands.rollback))
    part.add_argument("--to", type=Path, help=f"file (default: {BEFORE.format('ENV')})")
    part = command("delivery", commands.delivery)
    part.set_defaults(role="")
    part = _for(command("run", commands.run))
    part.add_argument("arguments", nargs="+", help="after --: what follows `fortress`")


def _for(part: argparse.ArgumentParser) -> argparse.ArgumentParser:
    part.add_argument("environment", help="staging or production")
    part.add_argument(
        "--role", default="", help="ARN of the role that CloudFormation works with (default: you)"
    )
    return part


def _release(part: argparse.ArgumentParser) -> None:
    part.add_argument("--release", type=Path, default=RELEASE, help=f"file (default: {RELEASE})")


def _where(part: argparse.ArgumentParser) -> None:
    part.add_argument("--domain", default="", help="default: the environment's")
    part.add_argument("--web", default="", metavar="HOST:PORT", help="default: api.DOMAIN:443")
    part.add_argument(
        "--devices", default="", metavar="HOST:PORT", help="default: devices.DOMAIN:9000"
    )
    part.add_argument("--plain", action="store_true", help="HTTP without TLS")
    part.add_argument(
        "--tries", type=int, default=commands.SMOKE_TRIES, help="times until all went well"
    )


def main(arguments: Sequence[str]) -> int:
    given = parser().parse_args(arguments)
    for name in ("out", "to"):
        if getattr(given, name, Path()) is None:
            setattr(given, name, Path(BEFORE.format(given.environment)))
    try:
        given.run(given)
    except DomainError as error:
        sys.stderr.write(f"{error.detail}\n")
        return 1
    except (BotoCoreError, ClientError) as error:
        sys.stderr.write(f"AWS refused: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
