"""What we add to the toolkit's OAuth rules: tokens only for our own /mcp, JWTs, and refreshing twice in a minute."""

import secrets
from datetime import timedelta
from typing import Any

from django.utils import timezone
from oauth2_provider.models import RefreshToken
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauth2_provider.settings import oauth2_settings
from oauthlib.common import Request
from oauthlib.oauth2.rfc6749.errors import CustomOAuth2Error

from accounts.queries import own_jwt

REFRESH_BYTES = 40


class Validator(OAuth2Validator):
    def _check_and_set_request_resource(self, request: Request) -> None:
        """RFC 8707, narrowed: no resource means ours, any other is refused."""
        super()._check_and_set_request_resource(request)
        refuse_other_resources(request.resource)
        request.resource = [own_jwt.audience()]

    def _save_bearer_token(self, token: dict[str, Any], request: Request, *args: Any, **kwargs: Any) -> None:
        """A refresh token used twice within the grace window gets a second pair of the same family.

        The toolkit would hand out the first pair again, which it cannot: only hashes are stored.
        """
        used = getattr(request, "refresh_token_instance", None)
        if isinstance(used, RefreshToken):
            used = RefreshToken.objects.select_for_update().get(pk=used.pk)
            if used.revoked is not None:
                return self._save_second_pair(token, request, used)
        return super()._save_bearer_token(token, request, *args, **kwargs)

    def _save_second_pair(self, token: dict[str, Any], request: Request, used: RefreshToken) -> None:
        self._check_and_set_request_resource(request)
        lifetime = timedelta(seconds=token.get("expires_in", oauth2_settings.ACCESS_TOKEN_EXPIRE_SECONDS))
        access = self._create_access_token(timezone.now() + lifetime, request, token, source_refresh_token=None)
        self._create_refresh_token(request, token["refresh_token"], access, used)


def refuse_other_resources(resources: list[str], *, state: str | None = None) -> None:
    """Raises invalid_target (RFC 8707) for a resource that is not our /mcp."""
    if any(resource != own_jwt.audience() for resource in resources):
        said = f"Tokens are issued for {own_jwt.audience()} only."
        raise CustomOAuth2Error(error="invalid_target", description=said, state=state)


def refuse_weak_challenge(method: str | None, *, state: str | None = None) -> None:
    """Raises invalid_request for a challenge that shows the verifier itself: "plain", which is also the default."""
    if method != "S256":
        raise CustomOAuth2Error(error="invalid_request", description="PKCE with S256 is needed.", state=state)


def access_token(request: Request) -> str:
    """What a client gets: a JWT that names us as its issuer, as the guide's table promises."""
    return own_jwt.signed(
        login=request.user.login,
        client_id=request.client.client_id,
        scopes=list(request.scopes),
        lifetime_s=int(request.expires_in or oauth2_settings.ACCESS_TOKEN_EXPIRE_SECONDS),
    )


def refresh_token(request: Request) -> str:
    return f"mctl_rt_{secrets.token_urlsafe(REFRESH_BYTES)}"
