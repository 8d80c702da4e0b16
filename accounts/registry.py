"""What happens with a person's teams. `tenants` stands above us and hands it in at start."""

from collections.abc import Callable, Iterable

from integrations.github import Team

_take: list[Callable[[str, Iterable[Team]], None]] = []


def set_membership_taker(take: Callable[[str, Iterable[Team]], None]) -> None:
    """`take(login, teams)` makes roles of the teams, which are all of the organisation's that the person is in."""
    _take[:] = [take]


def take_memberships(login: str, teams: Iterable[Team]) -> None:
    for take in _take:
        take(login, teams)
