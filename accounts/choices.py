"""The closed sets of identity."""

from core.actor import OAUTH_TOKEN
from core.words import StatusWord, Tone


class TokenKind(StatusWord):
    """What a bearer token is, told by its shape alone, before anything is verified.

    Two dots make a JWT, whose issuer says whether it is ours; no dots make a token that its issuer must be asked about.
    """

    PERSONAL = "personal", Tone.OK
    GITHUB = "github", Tone.IDLE
    OAUTH = OAUTH_TOKEN, Tone.OK
    DEX = "dex", Tone.IDLE
    UNRECOGNISED = "unrecognised", Tone.BAD

    @property
    def label(self) -> str:
        return LABELS[self]

    @property
    def is_foreign(self) -> bool:
        """Issued by somebody else, and for somebody else's service."""
        return self in (TokenKind.GITHUB, TokenKind.DEX)


LABELS = {
    TokenKind.PERSONAL: "MCTL personal token",
    TokenKind.GITHUB: "GitHub token",
    TokenKind.OAUTH: "MCTL OAuth token",
    TokenKind.DEX: "Dex JWT",
    TokenKind.UNRECOGNISED: "unrecognised",
}
