"""Commands that look after the service: jobs that wait or died, and the audit."""

from typing import Annotated
from uuid import UUID

import typer
from sqlalchemy import select

from app.cases import audit as case_audit
from app.cli.root import cli, unit
from app.kit import audit as audit_kit
from app.kit import outbox
from app.ledger import audit as ledger_audit
from app.rewards import audit as rewards_audit
from app.store import audit as store_audit


@cli.command()
def jobs(
    requeue: Annotated[UUID | None, typer.Option(help="Give a dead job a fresh start")] = None,
) -> None:
    """List jobs that wait or died, or requeue a dead one."""
    if requeue is not None:
        with unit() as tx:
            done = outbox.requeue(tx, requeue)
        typer.echo("requeued" if done else "not a dead job")
        raise typer.Exit(0 if done else 1)
    with unit(write=False) as tx:
        query = select(outbox.Job).where(outbox.Job.state != "done")
        for job in tx.scalars(query.order_by(outbox.Job.run_at).limit(200)):
            when = job.run_at.isoformat(timespec="seconds")
            typer.echo(f"{job.id} {job.state} {job.kind} {when} {job.attempts} {job.error or ''}")


@cli.command()
def audit() -> None:
    """Check every invariant of points, awards, stock and cases, and the hash chain of every case's
    history; exits 1 and names what is broken."""
    with unit(write=False) as tx:
        checks = {
            **ledger_audit.CHECKS, **rewards_audit.CHECKS, **store_audit.CHECKS,
            **case_audit.CHECKS,
        }  # fmt: skip
        findings = [*audit_kit.broken(tx, checks), *case_audit.broken_histories(tx)]
    for finding in findings:
        typer.echo(finding, err=True)
    typer.echo("audit: clean" if not findings else f"audit: {len(findings)} broken")
    raise typer.Exit(1 if findings else 0)
