"""Every right that MCTL needs in Kubernetes, asked of the API server itself; for a missing one the rule to add."""

from collections.abc import Sequence
from functools import partial

from django.conf import settings

from core.parallel import NoAnswer, run_all
from integrations.errors import IntegrationError
from integrations.kubernetes import Place, Right
from integrations.kubernetes.rights import MANIFEST, rule_lines
from mctl.health.lines import Line, Part, State, not_asked_line, ok_line
from mctl.health.outside import KUBERNETES, kubernetes
from mctl.rights import needed_rights

# Below the limit of a part, so that one answer that never comes does not hide those that came.
LONGEST_S = 4.0
# A review costs the API server next to nothing; more at once would meet its limits for one client.
AT_ONCE = 8


def look_at_rights() -> Sequence[Line]:
    api = kubernetes()
    rights = needed_rights()
    place = settings.ARGOCD_NAMESPACE
    reviews = {(right, verb): partial(api.may, right.attempt(verb, place)) for right in rights for verb in right.verbs}
    answers = run_all(reviews, within_s=LONGEST_S, at_once=AT_ONCE)
    errors = [answer for answer in answers.values() if isinstance(answer, Exception)]
    if len(errors) == len(answers):
        # Without any answer, say it once and not for each right.
        raise errors[0]
    return [line_of(right, {verb: answers[right, verb] for verb in right.verbs}) for right in rights]


def line_of(right: Right, answers: dict[str, bool | Exception]) -> Line:
    name = f"{', '.join(right.verbs)} {right.resource} {where(right)}"
    lacking = [verb for verb, answer in answers.items() if answer is False]
    if lacking:
        role = f"Role mctl in {settings.ARGOCD_NAMESPACE}" if right.place is Place.ARGOCD else "ClusterRole mctl"
        return Line(
            name,
            State.MISSING,
            f"Not allowed: {', '.join(lacking)}. Needed for: {right.purpose}.",
            f"Add this rule to the {role}, or apply {MANIFEST}.",
            "\n".join([*rule_lines(right.kind.group, [right.resource], lacking), ""]),
            is_required=not right.is_optional,
        )
    unasked = next((answer for answer in answers.values() if isinstance(answer, Exception)), None)
    if unasked is not None:
        sentence = unasked.sentence if isinstance(unasked, IntegrationError) else sentence_of(unasked)
        return not_asked_line(name, sentence, is_required=not right.is_optional)
    return ok_line(name, f"For {right.purpose}.")


def sentence_of(error: Exception) -> str:
    return f"No answer within {LONGEST_S:g} s." if isinstance(error, NoAnswer) else f"{type(error).__name__}."


def where(right: Right) -> str:
    if right.place is Place.ARGOCD:
        return f"in {settings.ARGOCD_NAMESPACE}"
    return "everywhere" if right.kind.namespaced else "of the cluster"


PARTS = (
    Part(
        "Rights in Kubernetes", "Rights", look_at_rights, "See that the cluster runs and answers.", stands_on=KUBERNETES
    ),
)
