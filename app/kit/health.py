"""Whether this process lives, whether it can serve, and what it counts."""

import anyio.to_thread
from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, Gauge, generate_latest
from pydantic import BaseModel
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.kit.http import apart
from app.kit.outbox import Job

router = APIRouter(tags=["operations 运维"])
JOBS = Gauge("xinxin_jobs", "Jobs by state", ["state"])


class Health(BaseModel):
    status: str


@router.get("/healthz", operation_id="get_health")
async def get_health() -> Health:
    """The process answers; the database is not asked."""
    return Health(status="ok")


@router.get("/readyz", operation_id="get_readiness")
async def get_readiness(request: Request) -> Health:
    """The database answers; 503 otherwise."""
    await apart(request, lambda tx: tx.execute(select(1)).one(), write=False)
    return Health(status="ready")


@router.get("/metrics", operation_id="get_metrics", response_class=Response)
async def get_metrics(request: Request) -> Response:
    """Prometheus metrics; the front proxy keeps this path inside."""
    for state, count in await apart(request, _jobs, write=False):
        JOBS.labels(state).set(count)
    body = await anyio.to_thread.run_sync(generate_latest)
    return Response(body, media_type=CONTENT_TYPE_LATEST)


def _jobs(tx: Session) -> list[tuple[str, int]]:
    # Done jobs are many and old news; what waits and what died is what an operator looks for.
    query = select(Job.state, func.count()).where(Job.state != "done").group_by(Job.state)
    found = {row[0]: row[1] for row in tx.execute(query)}
    return [(state, found.get(state, 0)) for state in ("ready", "dead")]
