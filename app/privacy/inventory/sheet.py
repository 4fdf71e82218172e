"""The notation of the inventory: one line a table, with a mark before what is special."""

from dataclasses import dataclass

# What the mark before a column's name means; without one it is the person's, and in their copy.
KINDS = {
    "'": "words",  # free text of or for the person: in their copy, rid of their name at the end
    "-": "plain",  # says nothing of the person, or nothing that a copy may hold (hashes)
    "@": "office",  # who acted in office: an id, in no copy
    "!": "sealed",  # sealed by the service's key, in no copy, sealed anew when the key changes
    "%": "blank",  # in the copy, and emptied at the end
}


@dataclass(frozen=True)
class Sheet:
    """A table. `whose` finds the rows of a person: `person_id`, or `report_id=reports.id` for a
    column that names a row which is theirs; `|` is or, `&` is and. Empty: nobody's.

    `about` finds, in the same way, rows that are not theirs but whose words may name them.
    `goes`: the rows end with the person.
    """

    columns: str
    whose: str = ""
    about: str = ""
    goes: bool = False

    def all(self) -> list[str]:
        """Every column's name."""
        return [name.lstrip("".join(KINDS)) for name in self.columns.split()]

    def of(self, *kinds: str) -> list[str]:
        """The names of the columns of these kinds; `shown` are those without a mark."""
        marked = {name: KINDS.get(name[0], "shown") for name in self.columns.split()}
        return [name.lstrip("".join(KINDS)) for name, kind in marked.items() if kind in kinds]
