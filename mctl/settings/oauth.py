"""Tokens for clients: MCTL as an OAuth authorization server."""

from mctl import env
from mctl.settings.base import PUBLIC_URL

OAUTH2_PROVIDER = {
    "SCOPES": {
        "read": "See the tenants, services, logs and operations that you can see",
        "write": "Deploy, configure and operate services where your role allows it",
        "admin": "Delete tenants and retire services where you are a platform admin",
    },
    "DEFAULT_SCOPES": ["read"],
    "OAUTH2_VALIDATOR_CLASS": "mcp_server.authorization.Validator",
    "ACCESS_TOKEN_GENERATOR": "mcp_server.authorization.access_token",
    "REFRESH_TOKEN_GENERATOR": "mcp_server.authorization.refresh_token",
    "ACCESS_TOKEN_EXPIRE_SECONDS": env.integer(
        "MCTL_OAUTH_ACCESS_S", "3600", meaning="seconds an OAuth client's access token lives", least=60
    ),
    "REFRESH_TOKEN_EXPIRE_SECONDS": env.integer(
        "MCTL_OAUTH_REFRESH_S", "2592000", meaning="seconds an OAuth client may stay away", least=3600
    ),
    "AUTHORIZATION_CODE_EXPIRE_SECONDS": 60,
    "ROTATE_REFRESH_TOKEN": True,
    "REFRESH_TOKEN_REUSE_PROTECTION": True,
    "REFRESH_TOKEN_GRACE_PERIOD_SECONDS": 60,
    "REQUEST_APPROVAL_PROMPT": "force",
    "PKCE_REQUIRED": True,
    "ALLOWED_REDIRECT_URI_SCHEMES": ["https", "http", "cursor", "vscode", "vscode-insiders"],
    "ALLOW_LOCALHOST_LOOPBACK": True,
    "COMPLIANT_BCP_RFC9700_IMPLICIT_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PASSWORD_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PKCE_METHOD": True,
    "COMPLIANT_BCP_RFC9700_ACCESS_TOKEN_TRANSPORT": True,
    "COMPLIANT_BCP_RFC9700_AUTHZ_RESPONSE_ISS": True,
    "COMPLIANT_BCP_RFC9700_TOKEN_STORAGE": True,
    "CIMD_ENABLED": True,
    "OAUTH2_RESPONSE_TYPES_SUPPORTED": ["code"],
    "OAUTH2_GRANT_TYPES_SUPPORTED": ["authorization_code", "refresh_token"],
    "OAUTH2_TOKEN_ENDPOINT_AUTH_METHODS_SUPPORTED": ["none"],
    "OIDC_ISS_ENDPOINT": PUBLIC_URL,
}
