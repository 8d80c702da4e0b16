"""How log records are written: JSON lines in production, readable lines while developing."""

import logging

import structlog

SHARED: list[structlog.typing.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
]

FILTERS = {"without_queries": {"()": "mctl.logs.WithoutQueries"}}
LOGGERS = {
    "django_structlog": {"level": "WARNING"},
    "uvicorn.access": {"level": "WARNING", "filters": list(FILTERS)},
    # Notes each websocket with its whole address.
    "uvicorn.error": {"filters": list(FILTERS)},
    # Django's own handler goes, and its line on a refusal, which the request's line tells already.
    "django": {"handlers": []},
    "django.request": {"level": "ERROR"},
}

structlog.configure(
    processors=[*SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)


class WithoutQueries(logging.Filter):
    """Cuts the query off addresses: it may hold a token that somebody put there by mistake."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(arg.partition("?")[0] if isinstance(arg, str) else arg for arg in record.args)
        return True


def formatter(*, colors: bool) -> logging.Formatter:
    renderer: structlog.typing.Processor = structlog.processors.JSONRenderer()
    if colors:
        renderer = structlog.dev.ConsoleRenderer(colors=False)
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=SHARED,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            renderer,
        ],
    )
