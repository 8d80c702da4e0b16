"""The guide as a page: its sections, narrowed to a search, with the live answers for one service beside them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.actor import Actor
from core.diagnosis import Target
from core.errors import Unavailable
from diagnosis.choices import Verdict, cause_of
from diagnosis.choices.guide_checks import CHECKS_OF
from diagnosis.choices.guide_text import SECTIONS, Paragraph, Section
from diagnosis.queries.asked import find_declared
from diagnosis.queries.guide_access import access_answers
from diagnosis.queries.live import diagnose_live
from diagnosis.registry import targets
from diagnosis.rules.report.findings import Checked, Diagnosis, Finding
from integrations.errors import Refused, Unreachable
from operations.queries import access_operation, operation_view
from operations.registry import definitions
from services.queries import access_service

LONGEST_SEARCH, LONGEST_NAME = 80, 400


@dataclass(frozen=True, slots=True)
class ShownParagraph:
    text: Paragraph
    answers: tuple[Checked, ...]


@dataclass(frozen=True, slots=True)
class ShownSection:
    """`found` are the service's findings that point here."""

    text: Section
    paragraphs: tuple[ShownParagraph, ...]
    found: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class GuidePage:
    """`about` is TENANT/SERVICE, a declared target such as "domain payments/shop.example.com", the id of an operation,
    or ""; `sentence` says in one line how it stands. `tenant` and `name` are the service's, "" where there is none.
    `jumps` are the groups with their sections, (id, title)."""

    q: str
    about: str
    tenant: str
    name: str
    sentence: str
    sections: tuple[ShownSection, ...]
    jumps: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    operations: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the page is asked about. `found` is the diagnosis of its service, None without one."""

    tenant: str = ""
    name: str = ""
    sentence: str = ""
    found: Diagnosis | None = None


def guide_page(actor: Actor, *, q: str, about: str) -> GuidePage:
    """Raises NotFound, with the nearest names, where the service or the operation is absent or hidden. A cluster that
    does not answer becomes the sentence."""
    words = q.strip()[:LONGEST_SEARCH].lower().split()
    asked = about.strip()[:LONGEST_NAME]
    chosen = _chosen(actor, asked) if asked else Chosen()
    reader = access_answers(actor, chosen.tenant)
    sections = tuple(_shown(section, chosen.found, reader) for section in SECTIONS if _matches(section, words))
    registered = tuple((name, one.title) for name, one in sorted(definitions().items()))
    return GuidePage(
        q.strip()[:LONGEST_SEARCH], asked, chosen.tenant, chosen.name, chosen.sentence, sections,
        _jumps(sections), registered,
    )  # fmt: skip


def _chosen(actor: Actor, asked: str) -> Chosen:
    kind, _, declared = asked.partition(" ")
    if kind in targets():
        return _declared(actor, kind, declared)
    tenant, slash, name = asked.partition("/")
    if slash:
        access_service(actor, tenant=tenant, name=name)
        found = diagnose_live(Target("Deployment", tenant, name))
        return Chosen(tenant, name, found.sentence, found)
    operation = access_operation(actor, asked)
    sentence = operation_view(actor, operation).headline
    tenant, name = operation.tenant, operation.service
    if not name:
        return Chosen(tenant, "", sentence)
    return Chosen(tenant, name, sentence, diagnose_live(Target("Deployment", tenant, name)))


def _declared(actor: Actor, kind: str, asked: str) -> Chosen:
    tenant, _, name = asked.strip().partition("/")
    try:
        target = find_declared(actor, kind, tenant, name)
    except (Unavailable, Unreachable, Refused) as away:
        return Chosen(tenant, "", away.sentence)
    found = diagnose_live(target)
    return Chosen(tenant, "", found.sentence, found)


def _jumps(sections: Sequence[ShownSection]) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    groups: dict[str, list[tuple[str, str]]] = {}
    for section in sections:
        groups.setdefault(section.text.group, []).append((section.text.id, section.text.title))
    return tuple((group, tuple(found)) for group, found in groups.items())


def _matches(section: Section, words: Sequence[str]) -> bool:
    told = [section.group, section.title]
    for one in section.paragraphs:
        told += [one.title, one.means, *one.do]
    text = " ".join(told).lower()
    return all(word in text for word in words)


def _shown(section: Section, found: Diagnosis | None, reader: Mapping[str, Checked]) -> ShownSection:
    paragraphs = tuple(ShownParagraph(one, _answers(one, found, reader)) for one in section.paragraphs)
    here = tuple(one for one in found.findings if cause_of(one.cause).guide == section.id) if found else ()
    return ShownSection(section, paragraphs, here)


def _answers(paragraph: Paragraph, found: Diagnosis | None, reader: Mapping[str, Checked]) -> tuple[Checked, ...]:
    """Of the reader; of the service the walk's own lines, and one line where it does not show the symptom."""
    checks = CHECKS_OF.get(paragraph.id, ())
    told = tuple(reader[check] for check in checks if check in reader)
    if found is None or len(told) == len(checks):
        return told
    lines = tuple(one for one in found.checked if one.check in checks)
    if lines or found.target.declared:
        # The symptoms are those of services: of what an app declares nothing is ruled out.
        return (*told, *lines)
    if all(source.ok for source in found.sources):
        return (*told, Checked("", "", paragraph.title, Verdict.RULED_OUT, "the service does not show it"))
    return (*told, Checked("", "", paragraph.title, Verdict.COULD_NOT_TELL, "not everything could be read"))
