"""`python -m infra.bastion.authorize FOLDER`: the lines of authorized_keys for the listed keys.

Each `<person>.pub` in FOLDER becomes one line whose options take everything away but forwarding;
where to, the start of the container adds. Nothing is written, and each fault is said in one
sentence, when any file is not what it has to be. An empty folder gives no lines.
"""

import sys
from collections.abc import Iterable
from pathlib import Path

from infra.bastion.public_key import BadKeyError, PublicKey, read, refuse_private

OPTIONS = "restrict,port-forwarding"
EXPLANATION = "README.md"
ENDING = ".pub"


def keys_of(folder: Path) -> tuple[list[PublicKey], list[str]]:
    """The keys in `folder` by person, and a sentence for each file that is at fault."""
    if not folder.is_dir():
        return [], [f"{folder} is not a folder of keys"]
    keys: list[PublicKey] = []
    faults = []
    for path in sorted(folder.iterdir()):
        try:
            key = _key(path)
            if key is not None:
                _check_new(key, keys)
                keys.append(key)
        except BadKeyError as fault:
            faults.append(f"{folder / _shown(path.name)} {fault}")
    return keys, faults


def authorized(keys: Iterable[PublicKey]) -> str:
    """The text of authorized_keys."""
    return "".join(f"{OPTIONS} {key}\n" for key in keys)


def _key(path: Path) -> PublicKey | None:
    """The key in the file `path`, None for the folder's explanation."""
    if path.is_symlink() or not path.is_file():
        raise BadKeyError("is not a file: keys are files in this folder itself")
    content = path.read_bytes()
    if path.name.endswith(ENDING):
        return read(path.name.removesuffix(ENDING), content)
    refuse_private(content)
    if path.name != EXPLANATION:
        raise BadKeyError(f"is no key file: a key is <person>{ENDING}")
    return None


def _check_new(key: PublicKey, others: Iterable[PublicKey]) -> None:
    for other in others:
        if other.material == key.material:
            raise BadKeyError(f"is the key in {other.person}{ENDING} once more")


def _shown(name: str) -> str:
    """A file's name as it may be printed."""
    return ascii(name)[1:-1]


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        sys.stderr.write("give the folder of keys\n")
        return 2
    keys, faults = keys_of(Path(arguments[0]))
    if faults:
        sys.stderr.writelines(f"{fault}\n" for fault in faults)
        return 1
    sys.stdout.write(authorized(keys))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
