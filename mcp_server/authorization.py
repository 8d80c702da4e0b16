"""What we add to the toolkit's OAuth rules: tokens for one door each, JWTs, and refreshing twice in a minute."""

import hashlib
import re
import secrets
import uuid
from datetime import timedelta
from typing import Any

from django.utils import timezone
from oauth2_provider.models import RefreshToken
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauth2_provider.settings import oauth2_settings
from oauthlib.common import Request
from oauthlib.oauth2.rfc6749.errors import CustomOAuth2Error, InvalidGrantError

from accounts.actions.registration import redirect_trouble
from accounts.queries import own_jwt
from accounts.queries.resources import door_address, resources
from core.actor import Door

REFRESH_BYTES = 40
S256 = re.compile(r"[A-Za-z0-9_-]{43}")


class Validator(OAuth2Validator):
    def _check_and_set_request_resource(self, request: Request) -> None:
        """RFC 8707, narrowed: a token is for one door, and a refresh never changes which."""
        super()._check_and_set_request_resource(request)
        request.resource = [one_resource(request.resource)]

    def validate_redirect_uri(self, client_id: str, redirect_uri: str, request: Request, *a: Any, **kw: Any) -> bool:
        """Of clients with a metadata document nobody has checked the addresses before."""
        registered: bool = super().validate_redirect_uri(client_id, redirect_uri, request, *a, **kw)
        return registered and not redirect_trouble(redirect_uri)

    def get_default_redirect_uri(self, client_id: str, request: Request, *a: Any, **kw: Any) -> str | None:
        uri: str | None = super().get_default_redirect_uri(client_id, request, *a, **kw)
        return None if uri is None or redirect_trouble(uri) else uri

    def validate_code(self, client_id: str, code: str, client: Any, request: Request, *a: Any, **kw: Any) -> bool:
        """A code used twice has leaked: revoke the tokens it gave (RFC 6749, 4.1.2)."""
        is_good: bool = super().validate_code(client_id, code, client, request, *a, **kw)
        if not is_good:
            RefreshToken.revoke_family(family_of(code))
        return is_good

    def invalidate_authorization_code(self, client_id: str, code: str, request: Request, *a: Any, **kw: Any) -> None:
        """Two requests with one code at the same moment: the slower one finds it used, and ends what both gave."""
        try:
            super().invalidate_authorization_code(client_id, code, request, *a, **kw)
        except InvalidGrantError:
            RefreshToken.revoke_family(family_of(code))
            raise

    def _create_refresh_token(self, request: Request, code: str, access_token: Any, previous: Any) -> Any:
        made = super()._create_refresh_token(request, code, access_token, previous)
        if request.grant_type == "authorization_code":
            made.token_family = family_of(request.code)
            made.save(update_fields=["token_family"])
        return made

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


def family_of(code: str) -> uuid.UUID:
    """The family of tokens that a code gives, found again from the code alone: used codes are not kept."""
    return uuid.UUID(bytes=hashlib.sha256(b"mctl.code:" + code.encode()).digest()[:16])


def one_resource(asked: list[str], *, state: str | None = None) -> str:
    """The resource that is meant; /mcp where none is named, as by MCP clients older than RFC 8707.

    Raises invalid_target for one that is not ours, and for several.
    """
    if not asked:
        return door_address(Door.MCP)
    if len(asked) > 1 or asked[0] not in resources():
        said = f"Ask for one of {' and '.join(resources())}, each with a token of its own."
        raise CustomOAuth2Error(error="invalid_target", description=said, state=state)
    return asked[0]


def refuse_weak_challenge(method: str | None, challenge: str, *, state: str | None = None) -> None:
    """Raises invalid_request for a challenge that shows the verifier itself: "plain", which is also the default."""
    if method != "S256" or not S256.fullmatch(challenge):
        raise CustomOAuth2Error(error="invalid_request", description="PKCE with S256 is needed.", state=state)


def access_token(request: Request) -> str:
    """What a client gets: a JWT that names us as its issuer, as the guide's table promises.

    The toolkit settles the resource only when it saves the token, which is too late for what is signed here.
    """
    Validator()._check_and_set_request_resource(request)
    return own_jwt.sign(
        login=request.user.login,
        client_id=request.client.client_id,
        scopes=list(request.scopes),
        resource=request.resource[0],
        lifetime_s=int(request.expires_in or oauth2_settings.ACCESS_TOKEN_EXPIRE_SECONDS),
    )


def refresh_token(request: Request) -> str:
    return f"mctl_rt_{secrets.token_urlsafe(REFRESH_BYTES)}"
