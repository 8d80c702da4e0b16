"""Who may do what with people and tokens. Pure rules that explain themselves."""

from core.actor import Actor, Decision


def may_manage_tokens(actor: Actor) -> Decision:
    """Only a session makes tokens: one that leaked must not make more of itself."""
    if actor.token_kind == "session":
        return Decision(True, f"{actor.name} is signed in.")
    return Decision(
        False, "A token cannot create or end tokens.", "Sign in with the browser and use the Connecting page."
    )
