"""Who may do what with people and tokens. Pure rules that explain themselves."""

from django.conf import settings

from core.actor import SESSION, Actor, Decision


def may_manage_tokens(actor: Actor) -> Decision:
    """Only a session makes tokens: one that leaked must not make more of itself."""
    if actor.token_kind == SESSION:
        return Decision(True, f"{actor.name} is signed in.")
    return Decision(
        False, "A token cannot create or end tokens.", "Sign in with the browser and use the Connecting page."
    )


def may_github_vouch() -> Decision:
    """Whether a sign-in with GitHub, or a token of GitHub's, proves anything here."""
    if settings.GITHUB_ORG:
        return Decision(True, f"GitHub vouches for members of {settings.GITHUB_ORG}.")
    return Decision(
        False,
        "GitHub sign-in and GitHub tokens are not taken here: no organisation is set whose members may come in.",
        "An administrator sets MCTL_GITHUB_ORG; until then use a personal token or a JWT.",
    )
