"""Mail into a folder, for a laptop: a file a letter, the newest last by name."""

import asyncio
import hashlib
from pathlib import Path

from shared.clock import to_ms
from shared.ids import new_id
from shared.mail.base import Letter, MailUnavailable

KEPT = 500


class FolderMailer:
    """Writes `<time>-<mark>.eml`. A letter that is sent again replaces itself."""

    def __init__(self, folder: Path, sender: str) -> None:
        self._folder = folder
        self._sender = sender

    async def send(self, letter: Letter) -> None:
        try:
            await asyncio.to_thread(self._write, letter)
        except OSError as error:
            raise MailUnavailable(
                f"FORTRESS_MAIL_URL: {self._folder} cannot be written ({error.strerror})"
            ) from error

    async def close(self) -> None:
        """Nothing is held open."""

    def _write(self, letter: Letter) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        partial = self._folder / f".{new_id('eml')}"
        # Letters have links that sign their reader in.
        partial.touch(mode=0o600)
        partial.write_bytes(letter.mime(self._sender).as_bytes())
        partial.replace(self._folder / file_name(letter))
        for old in letters(self._folder)[KEPT:]:
            old.unlink(missing_ok=True)


def file_name(letter: Letter) -> str:
    """The name of the letter's file, the same whenever it is sent."""
    mark = hashlib.sha256(letter.message_id.encode()).hexdigest()[:16]
    return f"{to_ms(letter.written):013d}-{mark}.eml"


def letters(folder: Path) -> list[Path]:
    """The files of a folder's letters, newest first."""
    found = [path for path in folder.glob("*-*.eml") if not path.name.startswith(".")]
    return sorted(found, key=lambda path: path.name, reverse=True)
