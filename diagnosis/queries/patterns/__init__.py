"""Text patterns, as data, for what no field of the cluster says: log lines, messages of kubelet, registry, ACME."""

from diagnosis.queries.patterns.logs import LOG_PATTERNS, LogMatch, match_log

__all__ = ["LOG_PATTERNS", "LogMatch", "match_log"]
