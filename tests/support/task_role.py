"""The endpoint that gives an ECS task its role's credentials, as a real HTTP server."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.standins.tokens import AccessKey

PATH = "/v2/credentials/0a1b"
STATIC = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE")


@dataclass
class TaskRole:
    """What the endpoint answers, and the paths that it was asked for."""

    key: AccessKey
    life: timedelta = timedelta(hours=6)
    status: int = 200
    asked: list[str] = field(default_factory=list)
    port: int = 0

    def answer(self) -> bytes:
        ends = datetime.now(UTC) + self.life
        return json.dumps(
            {
                "RoleArn": "arn:aws:iam::000000000000:role/task",
                "AccessKeyId": self.key.id,
                "SecretAccessKey": self.key.secret,
                "Token": self.key.session_token,
                "Expiration": f"{ends:%Y-%m-%dT%H:%M:%SZ}",
            }
        ).encode()


@contextmanager
def task_role(key: AccessKey) -> Iterator[TaskRole]:
    """The endpoint on a free port of this machine."""
    role = TaskRole(key)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            role.asked.append(self.path)
            self.send_response(role.status)
            self.end_headers()
            self.wfile.write(role.answer())

        def log_message(self, *_: object) -> None:
            """Nothing: the test says what matters."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        role.port = server.server_address[1]
        serving = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        serving.start()
        yield role
        server.shutdown()
        serving.join()
