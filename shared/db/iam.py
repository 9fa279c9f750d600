"""Signing in to RDS Proxy with IAM: a token of 15 minutes for each new connection."""

from typing import Any

from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials
from pymysql.constants import CR
from pymysql.err import OperationalError
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.util import await_

from shared.aws.credentials import Credentials, CredentialsUnavailable, TaskCredentials

# RDS takes no longer ones. Only signing in needs the token: a connection outlives it.
TOKEN_S = 900
SERVICE = "rds-db"


def connect_token(credentials: Credentials, *, region: str, host: str, port: int, user: str) -> str:
    """The password for `user` at `host:port`: a presigned URL without its scheme.

    Computed here, without I/O (about 0.1 ms). `host` is the name that the client connects to.
    """
    request = AWSRequest(
        method="GET",
        url=f"https://{host.lower()}:{port}/",
        data={"Action": "connect", "DBUser": user},
    )
    key = ReadOnlyCredentials(credentials.access_key, credentials.secret_key, credentials.token)
    SigV4QueryAuth(key, SERVICE, region, expires=TOKEN_S).add_auth(request)
    return str(request.url).removeprefix("https://")


def sign_in_with_tokens(engine: AsyncEngine, credentials: TaskCredentials, region: str) -> None:
    """Make each new connection of `engine` sign in with a new token; all else is as its URL says.

    Connecting raises the driver's `OperationalError` when there are no credentials.
    """

    async def token(params: dict[str, Any]) -> str:
        try:
            held = await credentials.get()
        except CredentialsUnavailable as error:
            # As an error of the driver: to whoever connects, the database is not reachable.
            raise OperationalError(CR.CR_CONN_HOST_ERROR, error.detail) from error
        return connect_token(
            held,
            region=region,
            host=params["host"],
            port=params.get("port", 3306),
            user=params["user"],
        )

    def put_token(_dialect: object, _record: object, _args: object, params: Any) -> None:
        # SQLAlchemy connects inside a greenlet of its own, so this may wait without blocking.
        params["password"] = await_(token(params))

    event.listen(engine.sync_engine, "do_connect", put_token)
