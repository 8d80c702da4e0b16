"""Why somebody cannot sign in, or is not taken by a token, in words that say what to do."""

from typing import Any

from core.errors import Forbidden, Problem, SignInNeeded, Unavailable
from core.words import StatusWord

RENEW = "Sign in again, or create a new token on the Connecting page."


class NotAMember(Forbidden):
    """On GitHub, but not in the organisation; or invited and the invitation is not accepted yet."""

    code = "not_a_member"


class LoginTaken(Forbidden):
    """The login belonged to another GitHub account when it was first seen here."""

    code = "login_taken"


class OrganisationChanged(Unavailable):
    """The organisation's name now belongs to another organisation than the configured one."""

    code = "organisation_changed"


class SignInFailed(Problem):
    """The round trip to GitHub did not end well. `code` says how: denied, expired or refused."""

    code = "sign_in_failed"
    status = 401


class TokenMissing(SignInNeeded):
    """No bearer token was sent at all, which OAuth clients must be able to tell from a bad one."""

    code = "token_missing"


class TokenRefused(SignInNeeded):
    """A token that proves nobody. `code` says why, `kind` what it was recognised as. Never holds the token."""

    code = "token_refused"

    def __init__(self, code: str, sentence: str, *, kind: StatusWord, remedy: str = RENEW, **facts: Any) -> None:
        self.kind = kind
        super().__init__(sentence, remedy=remedy, code=code, recognised=kind.label, **facts)
