"""Text patterns, as data, for what no field of the cluster says: log lines, messages of kubelet, registry, ACME."""

from diagnosis.rules.patterns.log_lines import LOG_PATTERNS, LogMatch, match_log

__all__ = ["LOG_PATTERNS", "LogMatch", "match_log"]
