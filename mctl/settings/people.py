"""Sign-in, sessions and their cookies."""

from mctl.settings.base import DEBUG, PUBLIC_URL, SANDBOX
from mctl.settings.integrations import GITHUB_CLIENT_ID, GITHUB_CLIENT_SECRET, GITHUB_TIMEOUT_S, GITHUB_URL

AUTH_USER_MODEL = "accounts.Person"
LOGIN_URL = "sandbox:sign_in" if SANDBOX else "accounts:sign_in"
LOGIN_REDIRECT_URL = "home"
# allauth does the flow with GitHub and nothing else: no passwords, no forms, no mail, no token kept.
ACCOUNT_ADAPTER = "accounts.views.adapters.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = "login"
ACCOUNT_USER_MODEL_EMAIL_FIELD = None
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
SOCIALACCOUNT_ONLY = True
SOCIALACCOUNT_ADAPTER = "accounts.views.adapters.GitHubAdapter"
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_QUERY_EMAIL = False
SOCIALACCOUNT_REQUESTS_TIMEOUT = GITHUB_TIMEOUT_S
SOCIALACCOUNT_PROVIDERS = {
    "github": {
        "APPS": [{"client_id": GITHUB_CLIENT_ID, "secret": GITHUB_CLIENT_SECRET}] if GITHUB_CLIENT_ID else [],
        "SCOPE": ["read:org"],
        "OAUTH_PKCE_ENABLED": True,
        # With an address allauth expects the paths of an Enterprise Server, which github.com does not have.
        **({} if GITHUB_URL.rstrip("/") == "https://github.com" else {"GITHUB_URL": GITHUB_URL}),
    }
}

SESSION_COOKIE_AGE = 8 * 3600
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not DEBUG
SESSION_COOKIE_NAME = "mctl-session" if DEBUG else "__Host-session"
CSRF_COOKIE_NAME = "mctl-csrf" if DEBUG else "__Host-csrf"
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
