"""Logs: one JSON record an event; constants name events, data are fields."""

from mctl import env, logs
from mctl.settings.base import DEBUG

LOG_LEVEL = env.text("MCTL_LOG_LEVEL", "INFO", meaning="DEBUG, INFO, WARNING or ERROR")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "mctl.logs.formatter", "colors": DEBUG}},
    "filters": logs.FILTERS,
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": logs.LOGGERS,
}
