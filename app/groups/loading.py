"""Bringing a file of grid groups into the database."""

from sqlalchemy.orm import Session

from app.groups import files, service
from app.groups.files import TABLE
from app.identity.access import Actor
from app.kit import drafts
from app.kit.drafts import Line, Loading
from app.kit.seal import Seal
from app.kit.sheets import Sheet


def load(tx: Session, actor: Actor, seal: Seal, sheet: Sheet) -> Loading:
    """Adds and changes groups in the name of the actor, who is a person; robots stay what they are.

    As `drafts.load`.
    """
    lines = drafts.read(TABLE, sheet, files.meant(tx))
    known = {str(group_id): cells for group_id, cells in files.current(tx).items()}

    def put(line: Line) -> None:
        if line.of is None:
            service.add_group(tx, actor, seal, line.draft)
        else:
            service.change_group(tx, actor, seal, line.of, line.draft)

    return drafts.load(tx, lines, known, put, drafts.blaming(TABLE))
