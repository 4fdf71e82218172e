"""The words of relations and suspicions at the edge."""

from datetime import date
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from app.cases.schemas import Status
from app.kit.fields import each_once
from app.kit.schema import Code, Draft, Instant, Note, Out
from app.media.schemas import PhotoOut

SuspicionKind = Literal["same_bytes", "look_alike", "after_equals_before"]
SuspicionState = Literal["open", "confirmed", "dismissed"]
Pixels = Annotated[int, Field(strict=True, ge=0, le=1600)]
Metres = Annotated[int, Field(ge=1, le=500)]


class NearbyOut(Out):
    """A case as any reporter may know it: no words, no people, a place only by its distance."""

    number: str = Field(examples=["500152-20261121-0001"])
    status: Status
    category: str | None = Field(description="As people call it", examples=["井盖问题"])
    category_en: str | None
    distance_m: int = Field(description="Rounded to 10 m", examples=[20])
    created_on: date = Field(description="A business day, Asia/Shanghai")
    thumbs: list[str] = Field(description="Addresses of photos from before, at most nine")
    joinable: bool = Field(description="Whether a report may name it as the case it `joins`")
    reports: int = Field(description="How many reports stand behind it")


class NearbyList(Out):
    radius_m: int = Field(description="How far was looked")
    items: list[NearbyOut] = Field(description="The nearest first, at most ten")


class ChildDraft(Draft):
    description: Note = Field(examples=["井盖旁的护栏也倒了，由另一单位处理"])
    category_code: Code | None = Field(None, examples=["C0101"])
    photo_ids: list[UUID] = Field(default=[], max_length=9, description="Own, unused photos")

    @model_validator(mode="after")
    def names_photos_once(self) -> Self:
        """Each photo is named once."""
        each_once(self.photo_ids, "照片", "a photo")
        return self


class LinkDraft(Draft):
    note: Note | None = None


class RelatedOut(Out):
    id: UUID
    number: str
    status: Status
    region_code: str
    category_code: str | None
    description: str
    created_at: Instant


class LinkOut(RelatedOut):
    note: str | None = Field(description="What they have to do with each other")
    linked_at: Instant


class RelationsOut(Out):
    """What a case has to do with others, as far as the caller sees those."""

    parent: RelatedOut | None = Field(description="The case that it was split off")
    children: list[RelatedOut]
    links: list[LinkOut]
    merged_into: RelatedOut | None
    merged: list[RelatedOut] = Field(description="Cases that were merged into it")


class EvidenceOut(Out):
    number: str | None = Field(description="The other photo's case; only if the caller sees it")
    days: int = Field(description="Between the uses of the two photos")
    metres: int | None = Field(description="Between the two cases; null without both places")
    same_person: bool = Field(description="Whether one person uploaded both")
    weak: bool = Field(description="9 to 12 bits differ: alike, not the same picture")


class SuspicionOut(Out):
    id: UUID
    case_id: UUID
    kind: SuspicionKind
    distance: int = Field(description="How many of the 64 bits of the pictures' hashes differ")
    evidence: EvidenceOut
    photo: PhotoOut | None = Field(description="Null once nobody may see it any more")
    other_photo: PhotoOut | None = Field(description="Only if the caller sees its case")
    state: SuspicionState
    note: str | None
    decided_by: str | None = Field(description="By display name")
    decided_at: Instant | None
    created_at: Instant


class SuspicionList(Out):
    items: list[SuspicionOut]


class DecisionDraft(Draft):
    state: Literal["confirmed", "dismissed"]
    note: Note


class Box(Draft):
    """A rectangle to cover, in pixels of the display derivative from its top left corner."""

    x: Pixels = Field(examples=[120])
    y: Pixels = Field(examples=[80])
    w: Pixels = Field(gt=0, examples=[60])
    h: Pixels = Field(gt=0, examples=[24])


class RedactionDraft(Draft):
    boxes: list[Box] = Field(max_length=20, description="None: there is nothing to hide")
    faces: bool = Field(
        default=True,
        description="Whether faces that the machine finds are covered too, where it is set to look"
        " for them; false after a look at what it found: a poster is no face",
    )


class BoxOut(Out):
    x: int
    y: int
    w: int
    h: int
    found: bool = Field(default=False, description="A face by the machine's word, not by staff's")


class RedactionOut(Out):
    photo_id: UUID
    boxes: list[BoxOut]
    made_by: str = Field(description="By display name")
    made_at: Instant
    public: str = Field(description="Signed, expires; the copy that others may see, as `display`")
    public_thumb: str = Field(description="Signed, expires; the same, as `thumb`")
