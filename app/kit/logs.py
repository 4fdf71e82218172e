"""JSON logs on standard output, one line an event, each with the request's id."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from app.kit import clock

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()

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
        "real_name",
        "openid",
    ]
)


def _stamp(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    event["at"] = clock.now().isoformat(timespec="milliseconds")
    for key in SECRET_KEYS & event.keys():
        event[key] = "***"
    return event


# PostgreSQL's errors carry the row's values, which may be personal, on lines of their own.
ROW_VALUES = re.compile(
    r"^(?:DETAIL|CONTEXT):.*?(?=^\s*$|^\[SQL|^The above|^Traceback|\Z)", re.MULTILINE | re.DOTALL
)


def _without_values(
    _logger: Any, _name: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    if "exception" in event:
        event["exception"] = ROW_VALUES.sub("[values left out]\n", event["exception"])
    return event


def _loud_enough(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING


def hush_httpx() -> None:
    """Keeps addresses out of the log, for they may hold secrets; again changes nothing.

    httpx logs every URL at INFO. The filter holds even where somebody lowers the level again;
    filters are not inherited, so httpcore, which logs through child loggers and below INFO only, is
    silenced by its level.
    """
    logging.getLogger("httpx").addFilter(_loud_enough)
    logging.getLogger("httpcore").setLevel(logging.WARNING)


def configure(level: str = "INFO") -> None:
    """Sends our own events and the standard library's records to standard output as JSON.

    Our own go straight there: a request writes one line, and the detour through the standard
    library's handlers would cost a tenth of a small request.
    """
    number = logging.getLevelName(level)
    ours: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        _stamp,
        structlog.processors.format_exc_info,
        _without_values,
        structlog.processors.JSONRenderer(ensure_ascii=False),
    ]
    structlog.configure(
        processors=ours,
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stdout)
    foreign = [structlog.contextvars.merge_contextvars, structlog.stdlib.add_log_level]
    named = [structlog.stdlib.add_logger_name, _stamp]
    form = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*foreign, *named],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *ours[3:]],
    )
    handler.setFormatter(form)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(number)
    for name in ("uvicorn", "uvicorn.error"):
        logging.getLogger(name).handlers = []
        logging.getLogger(name).propagate = True
