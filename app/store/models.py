"""Tables of stations, goods, stock and redemptions."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import At, CodeStr, Flag, Id, Int, Json, Real, Str
from app.kit.db import Base

# What may be swapped for points. Cash, alcohol and tobacco are no kinds: the database refuses them.
KINDS = ("daily", "food", "household", "study", "tool", "care", "service", "other")


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
    kind: Mapped[CodeStr]
    description: Mapped[Str | None]
    photo_id: Mapped[Id | None] = mapped_column(ForeignKey("photos.id"))
    published: Mapped[Flag]
    # On the shelf between these, when they are set.
    on_sale_from: Mapped[At | None]
    on_sale_until: Mapped[At | None]
    # At most so many pieces a person in so many days; None: as many as they can pay for.
    person_limit: Mapped[Int | None]
    limit_days: Mapped[Int | None]
    version: Mapped[Int]
    created_at: Mapped[At]

    __table_args__ = (
        CheckConstraint("points BETWEEN 1 AND 1000000", name="points"),
        CheckConstraint("cost_fen BETWEEN 0 AND 100000000", name="cost"),
        CheckConstraint(f"kind IN ({', '.join(repr(k) for k in KINDS)})", name="kind"),
        CheckConstraint("on_sale_from < on_sale_until", name="on_sale"),
        CheckConstraint(
            "(person_limit IS NULL) = (limit_days IS NULL) AND (person_limit IS NULL"
            " OR (person_limit BETWEEN 1 AND 999 AND limit_days BETWEEN 1 AND 3660))",
            name="limit",
        ),
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
    # A counter without network has it on its list until then; it does not time out before.
    offline_until: Mapped[At | None]
    # The device's own number of the acceptance, when a counter took the code without network.
    acceptance: Mapped[CodeStr | None]
    resolved_at: Mapped[At | None]
    keeper_id: Mapped[Id | None] = mapped_column(ForeignKey("people.id"))

    __table_args__ = (
        CheckConstraint(
            "state IN ('held', 'fulfilled', 'cancelled', 'expired', 'refunded')", name="state"
        ),
        CheckConstraint("(state = 'held') = (resolved_at IS NULL)", name="resolved"),
        CheckConstraint(
            "(state IN ('fulfilled', 'refunded')) = (keeper_id IS NOT NULL)", name="keeper"
        ),
        CheckConstraint("points > 0 AND cost_fen >= 0", name="amounts"),
        CheckConstraint(
            "acceptance IS NULL OR state IN ('fulfilled', 'refunded')", name="acceptance"
        ),
        # One acceptance is one post: sent again, it finds what it did.
        UniqueConstraint("station_id", "acceptance"),
        Index("ix_redemptions_mine", "person_id", "created_at", "id"),
        Index("ix_redemptions_due", "state", "expires_at"),
        Index("ix_redemptions_station", "station_id", "state", "resolved_at"),
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
            "kind IN ('restock', 'reserve', 'release', 'fulfil', 'adjust', 'transfer', 'refund')",
            name="kind",
        ),
        CheckConstraint("on_hand_change <> 0 OR reserved_change <> 0", name="change"),
        Index("ix_stock_moves_row", "station_id", "item_id", "created_at"),
    )


class StockTake(Base):
    """Pieces counted on a shelf; the difference to the book is an `adjust` move of the same id."""

    __tablename__ = "stock_takes"

    id: Mapped[Id] = mapped_column(primary_key=True)
    station_id: Mapped[CodeStr] = mapped_column(ForeignKey("stations.id"))
    item_id: Mapped[Id] = mapped_column(ForeignKey("items.id"))
    counted: Mapped[Int]
    expected: Mapped[Int]
    reason: Mapped[Str]
    actor_id: Mapped[Id] = mapped_column(ForeignKey("people.id"))
    created_at: Mapped[At]

    __table_args__ = (
        CheckConstraint("counted >= 0 AND expected >= 0", name="pieces"),
        Index("ix_stock_takes_row", "station_id", "item_id", "created_at"),
    )


class Wait(Base):
    """Somebody who wants to be told when an item is on a station's shelf again."""

    __tablename__ = "waits"

    station_id: Mapped[CodeStr] = mapped_column(ForeignKey("stations.id"), primary_key=True)
    item_id: Mapped[Id] = mapped_column(ForeignKey("items.id"), primary_key=True)
    person_id: Mapped[Id] = mapped_column(ForeignKey("people.id"), primary_key=True)
    created_at: Mapped[At]
    told_at: Mapped[At | None]

    __table_args__ = (Index("ix_waits_person", "person_id"),)


class CounterException(Base):
    """A code that a counter took without network and that could not be posted when it came back."""

    __tablename__ = "counter_exceptions"

    id: Mapped[Id] = mapped_column(primary_key=True)
    station_id: Mapped[CodeStr] = mapped_column(ForeignKey("stations.id"))
    redemption_id: Mapped[Id | None] = mapped_column(ForeignKey("redemptions.id"))
    # The device's own number of the acceptance: sent again, it is the same exception.
    acceptance: Mapped[CodeStr]
    why: Mapped[CodeStr]
    keeper_id: Mapped[Id] = mapped_column(ForeignKey("people.id"))
    accepted_at: Mapped[At]
    created_at: Mapped[At]
    closed_by: Mapped[Id | None] = mapped_column(ForeignKey("people.id"))
    closed_at: Mapped[At | None]
    closing_note: Mapped[Str | None]

    __table_args__ = (
        UniqueConstraint("station_id", "acceptance"),
        CheckConstraint("why IN ('used', 'cancelled', 'expired', 'unknown')", name="why"),
        CheckConstraint("(why = 'unknown') = (redemption_id IS NULL)", name="redemption"),
        CheckConstraint("closed_by <> keeper_id", name="two_persons"),
        CheckConstraint(
            "(closed_by IS NULL) = (closed_at IS NULL)"
            " AND (closed_by IS NULL) = (closing_note IS NULL)",
            name="closed",
        ),
        Index("ix_counter_exceptions_station", "station_id", "created_at"),
    )
