"""How a panel of a page is drawn: by its own template, or as one that cannot be read."""

from django import template
from django.utils.safestring import SafeString

from core.page import PanelShown, Subject, panel_problem

register = template.Library()
UNREADABLE = "core/_unreadable_panel.html"


@register.simple_tag(takes_context=True)
def draw_panel(context: template.Context, panel: PanelShown, subject: Subject) -> SafeString:
    """The mistake of one app must not take away the page of another, nor may what is read only while drawing."""
    problem = panel.problem
    if problem is None:
        given = {name: context.get(name) for name in ("request", "csrf_token")}
        try:
            return _render(context, panel.panel.template, {**given, "shown": panel.shown, "subject": subject})
        except Exception:
            problem = panel_problem(panel.panel)
    return _render(context, UNREADABLE, {"panel": panel.panel, "problem": problem})


def _render(context: template.Context, name: str, values: dict[str, object]) -> SafeString:
    engine = context.template.engine  # type: ignore[union-attr]  # it is set while a template is rendered
    return SafeString(engine.get_template(name).render(context.new(values)))
