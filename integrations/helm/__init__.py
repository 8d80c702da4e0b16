"""Helm: renders a chart with values, in a process of its own with limits on time and memory.

The `helm` program is used where one is on the PATH, otherwise the engine of the helm-python-sdk wheel. Both only ever
run as subprocesses: a template may loop forever or fill memory, and must not take a worker with it.
Raises Refused for charts and values that do not render, Unreachable where there is no engine.
"""

from integrations.helm.charts import chart_at
from integrations.helm.rendering import RenderJob, has_engine, render, render_many

__all__ = ["RenderJob", "chart_at", "has_engine", "render", "render_many"]
