"""Who exists on the sandbox's GitHub: the cast with numeric ids, one organisation, its teams, and their tokens.

State lives in memory: a new start is the seeded world again. Only tokens survive, as files, so that a terminal
beside `make run` can use them.
"""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.cast import CAST

ORGANISATION = "acme"
ORGANISATION_ID = 7001
APP = "app"
CALLBACK_PATH = "/sign-in/github/callback/"
ACCOUNT_IDS = {"ada": 90001, "olga": 90002, "dev": 90003, "vera": 90004, "oscar": 90005}
# Team: (id, members). The suffixes are those of the product's default mapping of teams to roles.
TEAMS = {
    "acme-payments": (5101, ("dev",)),
    "acme-payments-owners": (5102, ("olga",)),
    "acme-payments-viewers": (5103, ("vera",)),
    "acme-storefront": (5201, ("dev",)),
    "acme-storefront-owners": (5202, ("olga",)),
    "acme-labs": (5301, ()),
    "acme-labs-owners": (5302, ("oscar",)),
}
ALL_SCOPES = frozenset({"read:org", "user:email", "repo"})


@dataclass(slots=True)
class Account:
    id: int
    login: str
    name: str

    @property
    def email(self) -> str:
        return f"{self.login}@example.dev"


@dataclass(slots=True)
class Team:
    id: int
    slug: str
    members: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Token:
    """`login` is a person's, or APP for the token that was installed in the organisation."""

    value: str
    login: str
    scopes: frozenset[str]
    is_oauth: bool = False


@dataclass(slots=True)
class Switches:
    """What a test may break. `unapproved`: the organisation has not approved the app; `saml`: it wants a session."""

    down: bool = False
    rate_limited: bool = False
    unapproved: bool = False
    saml: bool = False
    delay_s: float = 0.0


class World:
    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.reset()

    def reset(self) -> None:
        """The seeded world. The tokens in files stay valid, those handed out since do not."""
        self.tokens: dict[str, Token] = {}
        for login, value in make_tokens(self.directory).items():
            self.add_token(Token(value, login, ALL_SCOPES))
        self.accounts = {one.login: Account(ACCOUNT_IDS[one.login], one.login, one.name) for one in CAST}
        self.teams = {slug: Team(number, slug, set(members)) for slug, (number, members) in TEAMS.items()}
        self.organisation = {"login": ORGANISATION, "id": ORGANISATION_ID}
        self.members: dict[str, str] = {login: "admin" if login == "ada" else "member" for login in self.accounts}
        self.pending: set[str] = set()
        self.switches = Switches()

    def add_token(self, token: Token) -> Token:
        self.tokens[token.value] = token
        return token

    def teams_of(self, login: str) -> Iterator[Team]:
        return (team for slug, team in sorted(self.teams.items()) if login in team.members)

    def leave_organisation(self, login: str) -> None:
        self.members.pop(login, None)
        self.pending.discard(login)
        for team in self.teams.values():
            team.members.discard(login)

    def rename(self, login: str, new_login: str) -> None:
        """GitHub lets people rename; the id stays, and the old login is free for others to take."""
        account = self.accounts.pop(login)
        account.login = new_login
        self.accounts[new_login] = account
        if login in self.members:
            self.members[new_login] = self.members.pop(login)
        for team in self.teams.values():
            if login in team.members:
                team.members = (team.members - {login}) | {new_login}
        for value, token in list(self.tokens.items()):
            if token.login == login:
                self.tokens[value] = Token(value, new_login, token.scopes, token.is_oauth)


def make_tokens(directory: Path) -> dict[str, str]:
    """Login to token, from `directory`/tokens/LOGIN, made where absent: the product is told of them before we start."""
    folder = directory / "tokens"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for login in (*ACCOUNT_IDS, APP):
        file = folder / login
        if not file.exists():
            file.touch(mode=0o600)
            file.write_text(f"{'github_pat_' if login == APP else 'ghp_'}{secrets.token_hex(20)}")
    return {login: (folder / login).read_text().strip() for login in (*ACCOUNT_IDS, APP)}
