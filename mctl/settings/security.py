"""Which proxies and other sites are trusted, what a browser is told, and what is refused at start."""

from csp.constants import NONE, SELF

from mctl import env, safety
from mctl.settings.base import DEBUG, PUBLIC_URL, SECRET_KEY
from mctl.settings.integrations import DEX_ISSUER, GITHUB_CLIENT_ID, GITHUB_URL, GITOPS_TOKEN, GITOPS_URL

CORS_ORIGINS = env.words(
    "MCTL_CORS_ORIGINS", "", meaning="other sites whose pages may call the API, such as https://portal.example.dev"
)
TRUSTED_PROXIES = env.networks(
    "MCTL_TRUSTED_PROXIES", meaning="addresses or networks of proxies whose X-Forwarded-For and -Proto are believed"
)

safety.refuse_unsafe(
    is_debug=DEBUG,
    secret_key=SECRET_KEY,
    public_url=PUBLIC_URL,
    trusted_proxies=TRUSTED_PROXIES,
    cors_origins=CORS_ORIGINS,
    git=(GITOPS_URL, GITOPS_TOKEN),
    https_only={"MCTL_GITHUB_URL": GITHUB_URL, "MCTL_DEX_ISSUER": DEX_ISSUER},
)

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 0 if DEBUG else 31_536_000
# Only where a proxy's word on the scheme is believed: else each answer would be a redirect to itself.
SECURE_SSL_REDIRECT = bool(TRUSTED_PROXIES) and PUBLIC_URL.startswith("https://")
SILENCED_SYSTEM_CHECKS = safety.SILENCED_CHECKS
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "mctl.views.csrf_failure"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF, PUBLIC_URL.replace("http", "ws", 1)],
        # A browser holds the redirect after a form to this rule too, and the sign-in form is answered with one.
        "form-action": [SELF, *([GITHUB_URL] if GITHUB_CLIENT_ID else [])],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
