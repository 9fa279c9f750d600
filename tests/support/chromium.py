"""A real browser, headless: what it makes of an address."""

import asyncio
import shutil
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome")
PATIENCE_S = 60
OPTIONS = (
    "--headless",
    "--no-sandbox",  # containers run as root
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--virtual-time-budget=5000",
    "--dump-dom",
)


async def look(url: str, profile: Path) -> str:
    """The page at which the browser ends when it is sent to `url`, as HTML.

    A `profile` is a browser without cookies; those that are not to last end with this call.
    """
    program = next((found for name in NAMES if (found := shutil.which(name))), None)
    assert program, "there is no Chromium: sudo apt install chromium"
    process = await asyncio.create_subprocess_exec(
        program,
        *OPTIONS,
        f"--user-data-dir={profile}",
        url,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        page, _ = await asyncio.wait_for(process.communicate(), PATIENCE_S)
    except TimeoutError:
        process.kill()
        raise
    return page.decode()
