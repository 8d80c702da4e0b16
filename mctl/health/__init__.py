"""The system check: every system that MCTL stands on is asked once, and each answers with one line in words."""

from mctl.health.lines import Group, Line, Report, State
from mctl.health.report import system_check, system_report

__all__ = ["Group", "Line", "Report", "State", "system_check", "system_report"]
