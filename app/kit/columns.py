"""Column types that mean the same on PostgreSQL and in SQLite's STRICT tables.

STRICT tables know INTEGER, REAL, TEXT and BLOB only, so each type names its SQLite form. Text that
is compared (ids, codes, paths) uses the C collation on PostgreSQL: order never depends on a locale.
"""

import json
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, Integer, String, Text, TypeDecorator
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import mapped_column
from sqlalchemy.types import REAL, Double, LargeBinary, TypeEngine
from typing_extensions import override

_INSTANT = "%Y-%m-%dT%H:%M:%S.%fZ"


class InstantType(TypeDecorator[datetime]):
    """timestamptz, or UTC text of fixed width (27 characters) that sorts as it counts."""

    impl = postgresql.TIMESTAMP
    cache_ok = True

    @override
    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(sqlite.TEXT())
        return dialect.type_descriptor(postgresql.TIMESTAMP(timezone=True))

    @override
    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None or dialect.name != "sqlite":
            return value
        # strftime leaves years before 1000 unpadded; no instant of ours is that old.
        return value.astimezone(UTC).strftime(_INSTANT)

    @override
    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if dialect.name == "sqlite":
            return datetime.fromisoformat(value)
        return value.astimezone(UTC)  # type: ignore[no-any-return]


class IdType(TypeDecorator[UUID]):
    """uuid, or its 36 lower-case characters: both compare bytewise."""

    impl = postgresql.UUID
    cache_ok = True

    @override
    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(sqlite.TEXT())
        return dialect.type_descriptor(postgresql.UUID(as_uuid=True))

    @override
    def process_bind_param(self, value: UUID | None, dialect: Dialect) -> Any:
        return str(value) if value is not None and dialect.name == "sqlite" else value

    @override
    def process_result_value(self, value: Any, dialect: Dialect) -> UUID | None:
        return UUID(value) if value is not None and dialect.name == "sqlite" else value


class JsonType(TypeDecorator[Any]):
    """jsonb, or JSON text."""

    impl = postgresql.JSONB
    cache_ok = True

    @override
    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(sqlite.TEXT())
        return dialect.type_descriptor(postgresql.JSONB())

    @override
    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        if value is None or dialect.name != "sqlite":
            return value
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    @override
    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return json.loads(value) if value is not None and dialect.name == "sqlite" else value


class FlagType(TypeDecorator[bool]):
    """boolean, or 0 and 1."""

    impl = Boolean
    cache_ok = True

    @override
    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(Integer() if dialect.name == "sqlite" else Boolean())

    @override
    def process_bind_param(self, value: bool | None, dialect: Dialect) -> Any:
        return int(value) if value is not None and dialect.name == "sqlite" else value

    @override
    def process_result_value(self, value: Any, dialect: Dialect) -> bool | None:
        return bool(value) if value is not None else None


Whole = BigInteger().with_variant(sqlite.INTEGER(), "sqlite")
Number: TypeEngine[float] = Double().with_variant(REAL(), "sqlite")
CodeText = Text(collation="C").with_variant(sqlite.TEXT(), "sqlite")
FreeText = (
    String().with_variant(postgresql.TEXT(), "postgresql").with_variant(sqlite.TEXT(), "sqlite")
)
Blob = LargeBinary()

Id = Annotated[UUID, mapped_column(IdType)]
At = Annotated[datetime, mapped_column(InstantType)]
Int = Annotated[int, mapped_column(Whole)]
Real = Annotated[float, mapped_column(Number)]
CodeStr = Annotated[str, mapped_column(CodeText)]
Str = Annotated[str, mapped_column(FreeText)]
Flag = Annotated[bool, mapped_column(FlagType)]
Json = Annotated[Any, mapped_column(JsonType)]
Bytes = Annotated[bytes, mapped_column(Blob)]
