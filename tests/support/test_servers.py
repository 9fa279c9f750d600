"""The servers of a test run end with it, however it ends."""

import os
import subprocess
import sys

import aiomysql

from tests.support import servers

HOLDER = """
import sys, time
from tests.support import servers
with servers.valkey() as url:
    print(url, flush=True)
    time.sleep(600)
"""


async def test_a_mariadb_of_its_own_answers_and_then_is_gone() -> None:
    with servers.mariadb() as url:
        port = int(url.rsplit(":", 1)[1])
        connection = await aiomysql.connect(host="127.0.0.1", port=port, user="root")
        async with connection.cursor() as cursor:
            await cursor.execute("SELECT @@character_set_server, @@tx_isolation")
            assert await cursor.fetchone() == ("utf8mb4", "READ-COMMITTED")
        connection.close()
    assert not servers.answers(port)


def test_a_server_ends_when_the_run_is_killed() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER], cwd=servers.ROOT, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        port = int(holder.stdout.readline().split(":")[2].split("/")[0])
        assert servers.answers(port)
        holder.kill()
    servers.wait_until(lambda: not servers.answers(port), "the end of the server")


def test_what_a_killed_run_left_is_removed() -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    left = servers.VAR / f"mariadb-{gone.pid}-1"
    ours = servers.VAR / f"mariadb-{os.getpid()}-1"
    left.mkdir(parents=True)
    ours.mkdir(parents=True)
    servers.remove_leftovers()
    assert not left.exists()
    assert ours.exists()
    ours.rmdir()
