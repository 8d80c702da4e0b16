"""What happens with a person's teams. `tenants` stands above us and hands it in at start."""

from collections.abc import Callable, Iterable

from core.slot import Slot
from integrations.github import Team


def _keep_nothing(login: str, teams: Iterable[Team]) -> None:
    """Without tenants a team means nothing."""


# `take(login, teams)` makes roles of the teams, which are all of the organisation's that the person is in.
MEMBERSHIP_TAKER: Slot[Callable[[str, Iterable[Team]], None]] = Slot("membership taker", _keep_nothing)
