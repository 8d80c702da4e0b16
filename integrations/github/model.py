"""GitHub's answers in our words."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Account:
    """`id` never changes; `login` (lower case) may, and may then be taken by somebody else."""

    id: int
    login: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class OrgMembership:
    """`is_active` is false while an invitation waits to be accepted."""

    organisation_id: int
    is_active: bool
    account: Account


@dataclass(frozen=True, slots=True)
class Team:
    """`slug` follows the team's name; `id` is what tells a renamed team from another one."""

    id: int
    slug: str
    organisation_id: int = 0
