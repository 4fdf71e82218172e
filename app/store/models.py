"""Tables of stations, goods, stock and redemptions."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import At, CodeStr, Flag, Id, Int, Json, Real, Str
from app.kit.db import Base


class Station(Base):
    """A 暖新驿站 or points store: a place with services, hours and perhaps a shelf of goods."""

    __tablename__ = "stations"

    id: Mapped[CodeStr] = mapped_column(primary_key=True)
    name: Mapped[Str]
    kind: Mapped[CodeStr]
    region_code: Mapped[CodeStr] = mapped_column(ForeignKey("regions.code"), index=True)
    lat: Mapped[Real]
    lng: Mapped[Real]
    hours: Mapped[Json]
    services: Mapped[Json]
    open: Mapped[Flag]
    created_at: Mapped[At]


class StationKeeper(Base):
    """A keeper (店主) of one station: only its keepers hand its goods out."""

    __tablename__ = "station_keepers"

    station_id: Mapped[CodeStr] = mapped_column(ForeignKey("stations.id"), primary_key=True)
    person_id: Mapped[Id] = mapped_column(ForeignKey("people.id"), primary_key=True)
    since: Mapped[At]


class Item(Base):
    """Something to swap points for. `cost_fen` is what the merchant is owed for one."""

    __tablename__ = "items"

    id: Mapped[Id] = mapped_column(primary_key=True)
    code: Mapped[CodeStr] = mapped_column(unique=True)
    name: Mapped[Str]
    name_en: Mapped[Str]
    points: Mapped[Int]
    cost_fen: Mapped[Int]
    published: Mapped[Flag]
    created_at: Mapped[At]

    __table_args__ = (
        CheckConstraint("points BETWEEN 1 AND 1000000", name="points"),
        CheckConstraint("cost_fen BETWEEN 0 AND 100000000", name="cost"),
    )


class Stock(Base):
    """How many of an item a station has; reserved ones wait for their code."""

    __tablename__ = "stock"

    station_id: Mapped[CodeStr] = mapped_column(ForeignKey("stations.id"), primary_key=True)
    item_id: Mapped[Id] = mapped_column(ForeignKey("items.id"), primary_key=True)
    on_hand: Mapped[Int]
    reserved: Mapped[Int]

    __table_args__ = (CheckConstraint("0 <= reserved AND reserved <= on_hand", name="reserved"),)


class Redemption(Base):
    """Goods held against points until a one-time code is shown; it resolves once."""

    __tablename__ = "redemptions"

    id: Mapped[Id] = mapped_column(primary_key=True)
    person_id: Mapped[Id] = mapped_column(ForeignKey("people.id"))
    station_id: Mapped[CodeStr] = mapped_column(ForeignKey("stations.id"))
    state: Mapped[CodeStr]
    points: Mapped[Int]
    cost_fen: Mapped[Int]
    code_hash: Mapped[CodeStr] = mapped_column(unique=True)
    created_at: Mapped[At]
    expires_at: Mapped[At]
    resolved_at: Mapped[At | None]
    keeper_id: Mapped[Id | None] = mapped_column(ForeignKey("people.id"))

    __table_args__ = (
        CheckConstraint("state IN ('held', 'fulfilled', 'cancelled', 'expired')", name="state"),
        CheckConstraint("(state = 'held') = (resolved_at IS NULL)", name="resolved"),
        CheckConstraint("(state = 'fulfilled') = (keeper_id IS NOT NULL)", name="keeper"),
        CheckConstraint("points > 0 AND cost_fen >= 0", name="amounts"),
        Index("ix_redemptions_mine", "person_id", "created_at", "id"),
        Index("ix_redemptions_due", "state", "expires_at"),
    )


class RedemptionLine(Base):
    """One item of a redemption at the price it was held for."""

    __tablename__ = "redemption_lines"

    redemption_id: Mapped[Id] = mapped_column(ForeignKey("redemptions.id"), primary_key=True)
    item_id: Mapped[Id] = mapped_column(ForeignKey("items.id"), primary_key=True)
    quantity: Mapped[Int]
    points_each: Mapped[Int]
    cost_fen_each: Mapped[Int]

    __table_args__ = (
        CheckConstraint("quantity BETWEEN 1 AND 99", name="quantity"),
        CheckConstraint("points_each > 0 AND cost_fen_each >= 0", name="prices"),
    )


class StockMove(Base):
    """Every change of a stock row, with its cause; rows are never changed."""

    __tablename__ = "stock_moves"

    id: Mapped[Id] = mapped_column(primary_key=True)
    station_id: Mapped[CodeStr] = mapped_column(ForeignKey("stations.id"))
    item_id: Mapped[Id] = mapped_column(ForeignKey("items.id"))
    kind: Mapped[CodeStr]
    on_hand_change: Mapped[Int]
    reserved_change: Mapped[Int]
    source: Mapped[CodeStr]
    actor_id: Mapped[Id | None]
    created_at: Mapped[At]

    __table_args__ = (
        UniqueConstraint("kind", "source", "station_id", "item_id"),
        CheckConstraint(
            "kind IN ('restock', 'reserve', 'release', 'fulfil', 'adjust')", name="kind"
        ),
        CheckConstraint("on_hand_change <> 0 OR reserved_change <> 0", name="change"),
        Index("ix_stock_moves_row", "station_id", "item_id", "created_at"),
    )
