"""The words of the catalogue at the edge."""

from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator
from typing_extensions import override

from app.kit.fields import Unfit
from app.kit.schema import Draft, Instant, Name, Note, Out
from app.media.schemas import PhotoUrls

Kind = Literal["daily", "food", "household", "study", "tool", "care", "service", "other"]
Prohibited = Literal["cash", "alcohol", "tobacco"]


class ItemCard(Out):
    """An item as everybody sees it."""

    id: UUID
    code: str
    name: str
    name_en: str
    kind: Kind
    description: str | None
    points: int = Field(description="For one piece; what is held keeps the price it was held for")
    photo: PhotoUrls | None
    on_sale_from: Instant | None
    on_sale_until: Instant | None = Field(description="The first instant when it is gone")
    person_limit: int | None = Field(description="Pieces a person in `limit_days`; null: no limit")
    limit_days: int | None = Field(description="Business days, today included")


class ItemOut(ItemCard):
    available: int = Field(description="Pieces at the station that nobody has reserved")


class ItemList(Out):
    items: list[ItemOut]


class ShelfOut(Out):
    station_id: str
    station_name: str
    available: int


class ItemDetailOut(ItemCard):
    on_sale: bool = Field(description="Now")
    shelves: list[ShelfOut] = Field(description="The open stations that have ever had it")


class GoodsOut(ItemCard):
    """An item as the catalogue's keepers see it; its version is the ETag."""

    cost_fen: int = Field(description="What the merchant is owed for one, in fen")
    photo_id: UUID | None
    published: bool
    too_costly: bool = Field(
        description="A point of the lowest rate is worth too little for it; whoever holds such"
        " points is refused"
    )
    version: int
    created_at: Instant

    @override
    def response_headers(self) -> dict[str, str]:
        """The version as ETag."""
        return {"ETag": f'"{self.version}"'}


class ItemDraft(Draft):
    """An item as it is to be; a new price is for new redemptions only."""

    name: Name
    name_en: Name
    description: Note | None = None
    kind: Kind | Prohibited = Field(description="Cash, alcohol and tobacco are always refused")
    points: Annotated[int, Field(strict=True, ge=1, le=1_000_000)]
    cost_fen: Annotated[int, Field(strict=True, ge=0, le=100_000_000)]
    photo_id: UUID | None = Field(None, description="A photo that the caller uploaded")
    published: bool = Field(default=False, strict=True)
    on_sale_from: Instant | None = None
    on_sale_until: Instant | None = None
    person_limit: Annotated[int, Field(strict=True, ge=1, le=999)] | None = None
    limit_days: Annotated[int, Field(strict=True, ge=1, le=3660)] | None = None

    @model_validator(mode="after")
    def is_whole(self) -> Self:
        """A limit names pieces and days, and a sale ends after it began."""
        if (self.person_limit is None) != (self.limit_days is None):
            raise Unfit("限购件数和天数要一起填", "person_limit and limit_days go together")
        begins, ends = self.on_sale_from, self.on_sale_until
        if begins is not None and ends is not None and begins >= ends:
            raise Unfit("下架时间要晚于上架时间", "on_sale_until comes after on_sale_from")
        return self
