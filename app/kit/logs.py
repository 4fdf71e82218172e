"""JSON logs on standard output, one line an event, each with the request's id."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from app.kit import clock

log = structlog.stdlib.get_logger("xinxin")

# What must never reach a log line, whoever passes it by mistake.
SECRET_KEYS = frozenset(
    [
        "password",
        "token",
        "access_token",
        "refresh_token",
        "secret",
        "session_key",
        "code",
        "authorization",
        "phone",
        "openid",
    ]
)


def _stamp(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    event["at"] = clock.now().isoformat(timespec="milliseconds")
    for key in SECRET_KEYS & event.keys():
        event[key] = "***"
    return event


# PostgreSQL's errors carry the row's values, which may be personal, on lines of their own.
ROW_VALUES = re.compile(r"^(DETAIL|CONTEXT|Key|Failing row)\b.*$", re.MULTILINE)


def _without_values(
    _logger: Any, _name: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    if "exception" in event:
        event["exception"] = ROW_VALUES.sub("[values left out]", event["exception"])
    return event


def configure(level: str = "INFO") -> None:
    """Sends structlog's and the standard library's records to standard output as JSON."""
    shared = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        _stamp,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                _without_values,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error"):
        logging.getLogger(name).handlers = []
        logging.getLogger(name).propagate = True
