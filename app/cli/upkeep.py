"""Commands that look after the service: jobs that wait or died, and the audit."""

from itertools import islice
from typing import Annotated
from uuid import UUID

import typer
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.cases import audit as case_audit
from app.cli.root import cli, unit
from app.corrections import audit as corrections_audit
from app.households import audit as households_audit
from app.kit import audit as audit_kit
from app.kit import outbox
from app.ledger import audit as ledger_audit
from app.proofs import audit as proofs_audit
from app.rewards import audit as rewards_audit
from app.settlements import audit as settlements_audit
from app.store import audit as store_audit
from app.till import audit as till_audit


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
    """Check every invariant of points, awards, stock and cases, and the hash chains of journals,
    notices and every case's history; exits 1 and names what is broken."""
    with unit(write=False, hurried=False) as tx:
        broken = findings(tx)
    for finding in broken:
        typer.echo(finding, err=True)
    typer.echo("audit: clean" if not broken else f"audit: {len(broken)} broken")
    raise typer.Exit(1 if broken else 0)


def findings(tx: Session) -> list[str]:
    """What every audit of the house finds broken; nothing, as it should be."""
    checks = {
        **ledger_audit.CHECKS, **rewards_audit.CHECKS, **store_audit.CHECKS,
        **case_audit.CHECKS, **till_audit.CHECKS, **corrections_audit.CHECKS,
        **settlements_audit.CHECKS, **households_audit.CHECKS,
    }  # fmt: skip
    histories = islice(case_audit.broken_histories(tx), audit_kit.MOST)
    return [*audit_kit.broken(tx, checks), *histories, *proofs_audit.broken_proofs(tx)]
