"""The query of the device list in a route with nothing around it: what the API is compared with.

`python -m tests.bench.bare PORT DATABASE_URL ORG_ID`: no sign-in, limits, checks or metrics.
"""

import sys
from typing import Any

import uvicorn
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

QUERY = text(
    "SELECT d.id, d.public_id, d.uid, d.name, d.disabled, d.created_at, d.updated_at,"
    " p.public_id AS profile, s.online, s.last_seen, s.firmware"
    " FROM device d FORCE INDEX (ix_device_org_id_gone_id)"
    " LEFT JOIN device_state s ON s.device_id = d.id"
    " LEFT JOIN device_profile p ON p.id = d.profile_id"
    " WHERE d.org_id = :org AND d.gone = 0"
    " AND d.id > (SELECT id FROM device WHERE org_id = :org AND public_id = :after)"
    " ORDER BY d.id LIMIT 50"
)


def make_app(url: str, org_id: int) -> FastAPI:
    app = FastAPI()
    engine = create_async_engine(url, pool_size=5)

    @app.get("/devices")
    async def devices(after: str) -> dict[str, Any]:
        async with engine.connect() as connection:
            rows = await connection.execute(QUERY, {"org": org_id, "after": after})
            return {"items": [dict(row) for row in rows.mappings()]}

    return app


if __name__ == "__main__":
    _, port, url, org_id = sys.argv
    uvicorn.run(make_app(url, int(org_id)), port=int(port), loop="uvloop", log_level="warning")
