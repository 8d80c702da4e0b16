"""What people do with their tokens and clients."""

from accounts.actions.clients import disconnect_client
from accounts.actions.tokens import NewToken, create_token, mark_used, revoke_token

__all__ = ["NewToken", "create_token", "disconnect_client", "mark_used", "revoke_token"]
