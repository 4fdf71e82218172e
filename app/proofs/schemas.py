"""The words of notices and proofs at the edge."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from app.kit.schema import Draft, Instant, Out

Period = Annotated[str, StringConstraints(pattern=r"^2\d{3}-(0[1-9]|1[0-2])$")]


class NoticeDraft(Draft):
    period: Period = Field(examples=["2026-10"], description="A month in Asia/Shanghai")


class NoticeOut(Out):
    id: UUID
    period: str = Field(examples=["2026-10"])
    root: str = Field(description="What every proof of this period leads to; 64 hex digits")
    chain: str = Field(description="The chain of seals at `last_position`")
    first_position: int
    last_position: int
    earned: int = Field(description="Points issued, less those that were taken back")
    redeemed: int = Field(description="Points of goods handed out, less those returned")
    members: int = Field(description="Members and households with an entry in it")
    published_at: Instant


class NoticeEntryOut(Out):
    """One line of the public list, and nothing more of the person."""

    name: str = Field(description="Masked", examples=["刘*"])
    earned: int
    redeemed: int


class ProofOut(Out):
    """An inclusion proof; kept as a file, `xinxin verify-proof` or the checker read it offline."""

    format: Literal["xinxin-proof-1"] = "xinxin-proof-1"
    entry_id: UUID
    notice_id: UUID
    period: str
    first_position: int
    last_position: int
    chain: str
    leaf_index: int = Field(description="From 0, in the order of the seals")
    journal: str = Field(description="The canonical bytes of the entry's journal, in base64")
    path: list[str] = Field(description="Siblings up the Merkle tree, the lowest first")
    root: str
