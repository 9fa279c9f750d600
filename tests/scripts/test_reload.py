import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.servers import ROOT
from tests.support.until import until

MISTAKE = "open({out!r}, 'a').write('broken ')\nraise ValueError\n"
PROGRAM = "import time\nopen({out!r}, 'a').write({word!r})\ntime.sleep(60)\n"


@contextmanager
def reloading(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "scripts.reload", "program", str(folder)]
    environment = os.environ | {"PYTHONPATH": f"{ROOT}:{folder}"}
    running = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)
    try:
        yield running
    finally:
        running.kill()
        running.wait()


async def test_a_change_starts_the_program_anew_even_after_a_mistake(tmp_path: Path) -> None:
    out, program = tmp_path / "out.txt", tmp_path / "program.py"
    out.touch()
    program.write_text(PROGRAM.format(out=str(out), word="first "))
    with reloading(tmp_path) as running:
        await until(lambda: out.read_text() == "first ", "the first start")
        program.write_text(MISTAKE.format(out=str(out)))
        await until(lambda: out.read_text().endswith("broken "), "the start with a mistake")
        program.write_text(PROGRAM.format(out=str(out), word="second "))
        await until(lambda: out.read_text().endswith("second "), "the second start")
        running.send_signal(signal.SIGTERM)
        assert running.wait(20) == 0
