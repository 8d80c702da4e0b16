"""The guide as a page: its sections, narrowed to a search, with the live answers for one service beside them."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.actor import Actor
from diagnosis.choices import Verdict, cause_of
from diagnosis.choices.guide_text import SECTIONS, Paragraph, Section
from diagnosis.queries.findings import Checked, Diagnosis, Finding
from diagnosis.queries.live import diagnose_live
from diagnosis.queries.snapshot import Target
from operations.registry import definitions
from services.queries import access_service

LONGEST_SEARCH = 80


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
    """`service` is TENANT/SERVICE or ""; `sentence` its diagnosis in one line."""

    q: str
    service: str
    tenant: str
    name: str
    sentence: str
    sections: tuple[ShownSection, ...]
    operations: tuple[tuple[str, str], ...]


def guide_page(actor: Actor, *, q: str, service: str) -> GuidePage:
    """Raises NotFound where the service is absent or hidden. A cluster that does not answer becomes the sentence."""
    words = q.strip()[:LONGEST_SEARCH].lower().split()
    tenant, _, name = service.strip().partition("/")
    found = None
    if tenant or name:
        access_service(actor, tenant=tenant, name=name)
        found = diagnose_live(Target("Deployment", tenant, name))
    sections = tuple(_shown(section, found) for section in SECTIONS if _matches(section, words))
    registered = tuple((name, one.title) for name, one in sorted(definitions().items()))
    chosen = f"{tenant}/{name}" if found else ""
    return GuidePage(
        q.strip()[:LONGEST_SEARCH], chosen, tenant, name, found.sentence if found else "", sections, registered
    )


def _matches(section: Section, words: Sequence[str]) -> bool:
    told = [section.group, section.title]
    for one in section.paragraphs:
        told += [one.title, one.means, *one.do]
    text = " ".join(told).lower()
    return all(word in text for word in words)


def _shown(section: Section, found: Diagnosis | None) -> ShownSection:
    paragraphs = tuple(ShownParagraph(one, _answers(one, found)) for one in section.paragraphs)
    here = tuple(one for one in found.findings if cause_of(one.cause).guide == section.id) if found else ()
    return ShownSection(section, paragraphs, here)


def _answers(paragraph: Paragraph, found: Diagnosis | None) -> tuple[Checked, ...]:
    """The walk's own lines; where the service does not show the symptom, one line that says so."""
    if found is None or not paragraph.checks:
        return ()
    lines = tuple(one for one in found.checked if one.title in paragraph.checks)
    if lines:
        return lines
    if all(source.ok for source in found.sources):
        return (Checked("", "", paragraph.title, Verdict.RULED_OUT, "the service does not show it"),)
    return (Checked("", "", paragraph.title, Verdict.COULD_NOT_TELL, "not everything could be read"),)
