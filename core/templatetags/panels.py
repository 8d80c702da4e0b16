"""Draws the panels of a page, each by itself: one that fails must not take the page with it."""

from typing import Any

from django import template

from core.page import PanelShown, or_problem

register = template.Library()
# What the template of a panel may use beside `shown`.
GIVEN = ("subject", "request", "csrf_token")


@register.simple_tag(takes_context=True)
def drawn(context: template.Context, panel: PanelShown) -> str:
    """The panel's template, or in its place why the panel cannot be read or drawn."""
    text, problem = None, panel.problem
    if problem is None:
        given = {name: context.get(name) for name in GIVEN}
        text, problem = or_problem(
            panel.panel, lambda: _drawn(context, panel.panel.template, shown=panel.shown, **given)
        )
    if problem is None:
        return text or ""
    return _drawn(context, "core/_unreadable_panel.html", panel=panel.panel, problem=problem)


def _drawn(context: template.Context, name: str, **values: Any) -> str:
    """The template with these values alone, as `include` with `only` draws it."""
    return context.template.engine.get_template(name).render(context.new(values))  # type: ignore[union-attr]
