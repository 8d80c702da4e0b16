"""All settings, grouped. Read from the environment through `env`; `manage.py env` prints them with their meaning."""

from pathlib import Path
from urllib.parse import urlsplit

from csp.constants import NONE, SELF

from mctl import env, logs, safety, storage

BASE_DIR = Path(__file__).resolve().parent.parent

# --- What this installation is
DEBUG = env.boolean("MCTL_DEBUG", "false", meaning="development mode: error pages with details, http cookies")
SANDBOX = env.boolean("MCTL_SANDBOX", "false", meaning="sign-in as a person of the sandbox; refused outside debug")
SECRET_KEY = env.secret("MCTL_SECRET_KEY", "", meaning="signs sessions and forms; at least 50 random characters")
if not SECRET_KEY and DEBUG:
    SECRET_KEY = "development-only-" + "0" * 50
if SANDBOX and not DEBUG:
    raise env.WrongSetting("MCTL_SANDBOX=true lets anybody sign in as anybody; it needs MCTL_DEBUG=true as well.")
if len(SECRET_KEY) < 50:
    raise env.WrongSetting("MCTL_SECRET_KEY needs at least 50 random characters. Example: openssl rand -base64 48")
PUBLIC_URL = env.text("MCTL_PUBLIC_URL", "http://127.0.0.1:8000", meaning="the address people open, without a path")
ALLOWED_HOSTS = env.words(
    "MCTL_ALLOWED_HOSTS", urlsplit(PUBLIC_URL).hostname or "", meaning="host names this server answers to"
)
if "*" in ALLOWED_HOSTS:
    raise env.WrongSetting("MCTL_ALLOWED_HOSTS=* would answer to any name. Name your host: mctl.example.dev")
VAR_DIR = Path(env.text("MCTL_VAR_DIR", str(BASE_DIR / "var"), meaning="folder for caches and the default database"))
PLATFORM_ADMINS = env.words("MCTL_PLATFORM_ADMINS", "", meaning="logins of members who are platform admins")
# People of the sandbox are on no GitHub; everybody else is an admin as a member of the organisation only.
ADMINS_ARE_MEMBERS = not SANDBOX
PLATFORM_DOMAIN = env.text("MCTL_PLATFORM_DOMAIN", "apps.example.dev", meaning="domain under which services get hosts")
DEFAULT_HOST_TEMPLATE = env.text(
    "MCTL_DEFAULT_HOST_TEMPLATE", "{tenant}-{service}.{domain}", meaning="how a service's default host is made"
)
RESERVED_HOSTS = env.words(
    "MCTL_RESERVED_HOSTS",
    "argocd,ops,api,agent,www,mctl",
    meaning="hosts that no service gets, Argo CD's among them: whole names, or labels under the platform domain",
)

# --- Outside systems
KUBECONFIG = env.text("MCTL_KUBECONFIG", "", meaning="kubeconfig of the cluster; empty: in-cluster service account")
KUBERNETES_TIMEOUT_S = env.seconds(
    "MCTL_KUBERNETES_TIMEOUT_S", "5", meaning="how long one read of a detail page may take"
)
PLATFORM_NAMESPACES = env.words(
    "MCTL_PLATFORM_NAMESPACES",
    "platform-db,vault,external-secrets,cert-manager,ingress",
    meaning="namespaces of the platform that a diagnosis may look into beside the tenant's own",
)
ARGOCD_APPLICATION_SET = env.text(
    "MCTL_ARGOCD_APPLICATION_SET", "apps", meaning="the ApplicationSet that makes an Application of each service"
)
ARGOCD_NAMESPACE = env.namespace("MCTL_ARGOCD_NAMESPACE", "argocd", meaning="namespace of the Argo CD Applications")
GITOPS_URL = env.text("MCTL_GITOPS_URL", "", meaning="http(s) or ssh address of the GitOps repository")
GITOPS_USERNAME = env.text("MCTL_GITOPS_USERNAME", "", meaning="user for the GitOps repository")
GITOPS_TOKEN = env.secret("MCTL_GITOPS_TOKEN", "", meaning="password or token for the GitOps repository")
GITOPS_BRANCH = env.text("MCTL_GITOPS_BRANCH", "main", meaning="branch that Argo CD follows")
GITOPS_BASE_PATH = env.text(
    "MCTL_GITOPS_BASE_PATH", "platform-gitops", meaning="folder of the layout in the repository"
)
GITOPS_WEB_URL = env.text("MCTL_GITOPS_WEB_URL", "", meaning="address of a commit, with {sha}; empty: no links")
GITOPS_FETCH_INTERVAL_S = env.seconds(
    "MCTL_GITOPS_FETCH_INTERVAL_S", "10", meaning="how often the observer fetches git"
)
GITHUB_URL = env.text("MCTL_GITHUB_URL", "https://github.com", meaning="GitHub, or a GitHub Enterprise Server")
GITHUB_CLIENT_ID = env.text("MCTL_GITHUB_CLIENT_ID", "", meaning="OAuth app for sign-in; empty: no GitHub sign-in")
GITHUB_CLIENT_SECRET = env.secret("MCTL_GITHUB_CLIENT_SECRET", "", meaning="the OAuth app's secret")
GITHUB_ORG = env.text("MCTL_GITHUB_ORG", "", meaning="organisation whose members may come in; empty: nobody by GitHub")
GITHUB_ORG_ID = env.integer("MCTL_GITHUB_ORG_ID", "0", meaning="its number, which survives renames; 0: not checked")
GITHUB_TOKEN = env.secret(
    "MCTL_GITHUB_TOKEN", "", meaning="token of a GitHub App or person that may read the organisation's teams"
)
GITHUB_TIMEOUT_S = env.seconds("MCTL_GITHUB_TIMEOUT_S", "5", meaning="how long one question to GitHub may take")
TEAM_ROLES = env.words(
    "MCTL_TEAM_ROLES",
    "{team}=developer,{team}-owners=owner,{team}-viewers=viewer",
    meaning="which GitHub team gives which role; {team} is the tenant's team",
)
MEMBERSHIP_MAX_AGE_S = env.seconds(
    "MCTL_MEMBERSHIP_MAX_AGE_S", "60", meaning="how old a team membership may be that a change relies on"
)
MEMBERSHIP_REFRESH_S = env.seconds(
    "MCTL_MEMBERSHIP_REFRESH_S", "20", meaning="how often team memberships are read from GitHub"
)
for _entry in TEAM_ROLES:
    if "{team}" not in _entry or _entry.rpartition("=")[2] not in {"viewer", "developer", "owner"}:
        raise env.WrongSetting(f"MCTL_TEAM_ROLES: {_entry!r} is no team and role. Example: {{team}}-owners=owner")
if GITHUB_CLIENT_ID and not GITHUB_ORG:
    raise env.WrongSetting("MCTL_GITHUB_CLIENT_ID without MCTL_GITHUB_ORG would admit anybody who is on GitHub.")
if GITHUB_CLIENT_ID and not GITHUB_CLIENT_SECRET:
    raise env.WrongSetting("MCTL_GITHUB_CLIENT_ID needs MCTL_GITHUB_CLIENT_SECRET (or ..._SECRET_FILE) beside it.")
DEX_ISSUER = env.text("MCTL_DEX_ISSUER", "", meaning="issuer of Dex, exactly as in its tokens; empty: none taken")
DEX_CLIENT_ID = env.text("MCTL_DEX_CLIENT_ID", "", meaning="audience that Dex's tokens must have")
MCP_FOREIGN_TOKENS = env.boolean(
    "MCTL_MCP_FOREIGN_TOKENS", "true", meaning="take GitHub tokens and Dex JWTs on /mcp too; every use is audited"
)
BROKER_URL = env.broker(
    "MCTL_BROKER_URL", "redis://127.0.0.1:6379/0", meaning="Redis or Valkey: redis://, or unix://PATH"
)

# --- Operations
READ_ONLY = env.boolean("MCTL_READ_ONLY", "false", meaning="nobody changes anything, at any door; reading goes on")
OPERATION_DEADLINE_S = env.seconds("MCTL_OPERATION_DEADLINE_S", "900", meaning="when an operation is given up")
OPERATION_LEASE_S = env.seconds("MCTL_OPERATION_LEASE_S", "30", meaning="silence after which a worker counts as dead")
OPERATION_POLL_S = env.seconds("MCTL_OPERATION_POLL_S", "5", meaning="how often a waiting step looks again unpoked")
REAPER_INTERVAL_S = env.seconds("MCTL_REAPER_INTERVAL_S", "5", meaning="how often overdue operations are looked for")
OBSERVER_LEASE_S = env.seconds("MCTL_OBSERVER_LEASE_S", "10", meaning="silence after which another observer takes over")
AUDIT_KEEP_DAYS = env.integer("MCTL_AUDIT_KEEP_DAYS", "0", meaning="days that audit entries are kept; 0: forever")
AUDIT_KEY = env.secret("MCTL_AUDIT_KEY", "", meaning="key that seals audit entries; keep it outside the database")
if AUDIT_KEY and len(AUDIT_KEY) < 32:
    raise env.WrongSetting("MCTL_AUDIT_KEY needs at least 32 random characters. Example: openssl rand -base64 32")
AUDIT_TRIM_INTERVAL_S = 3600.0
TALLY_INTERVAL_S = 30.0

# --- Limits, within any sixty seconds
READS_PER_MINUTE = env.integer("MCTL_READS_PER_MINUTE", "100", meaning="reads by one person's clients", least=1)
WRITES_PER_MINUTE = env.integer("MCTL_WRITES_PER_MINUTE", "20", meaning="changes by one person", least=1)
PAGES_PER_MINUTE = env.integer("MCTL_PAGES_PER_MINUTE", "600", meaning="pages and parts one person looks at", least=1)
SOCKETS_PER_MINUTE = env.integer("MCTL_SOCKETS_PER_MINUTE", "60", meaning="live connections one person opens", least=1)
STRANGERS_PER_MINUTE = env.integer(
    "MCTL_STRANGERS_PER_MINUTE",
    "300",
    meaning="requests without sign-in, or with a bad token, from one address",
    least=1,
)
OPEN_AT_ONCE = env.integer(
    "MCTL_OPEN_AT_ONCE", "20", meaning="live pages, streams and calls at /mcp of one person, each", least=1
)
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

# --- Storage
DATABASE_URL = env.secret(
    "DATABASE_URL", f"sqlite://{VAR_DIR}/mctl.sqlite3", meaning="sqlite:///PATH or postgresql://..."
)
DATABASES = {"default": storage.database(DATABASE_URL)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
_REDIS_URL = BROKER_URL.replace("redis+socket://", "unix://")
BROKER_PREFIX = env.text("MCTL_BROKER_PREFIX", "mctl:", meaning="prefix of all keys and channels at the broker")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": _REDIS_URL,
        # The limits ask it at each request; better no limit than a page that waits for it.
        "OPTIONS": {"socket_timeout": 1, "socket_connect_timeout": 1},
        "KEY_PREFIX": f"{BROKER_PREFIX}cache",
    }
}
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [_REDIS_URL], "prefix": f"{BROKER_PREFIX}channels"},
    }
}

# --- Celery: run(operation_id), and what beat sends
CELERY_BROKER_URL = BROKER_URL.replace("unix://", "redis+socket://")
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CONCURRENCY = env.integer("MCTL_WORKERS", "2", meaning="processes of one worker", least=1)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    # A dead worker's task comes back after this; both 1 so that the scan is not the slow part (kombu 5.7).
    "visibility_timeout": int(OPERATION_LEASE_S) * 2,
    "unacked_restore_interval": 1,
    "unacked_restore_throttle": 1,
    "global_keyprefix": BROKER_PREFIX,
}
CELERY_BEAT_SCHEDULE = {
    "reap": {"task": "operations.reap", "schedule": REAPER_INTERVAL_S},
    "clear tokens": {"task": "accounts.clear_tokens", "schedule": 3600.0},
    "tally": {"task": "tenants.keep_tally", "schedule": TALLY_INTERVAL_S},
    **({"audit": {"task": "operations.trim_audit", "schedule": AUDIT_TRIM_INTERVAL_S}} if AUDIT_KEEP_DAYS else {}),
    **({"memberships": {"task": "accounts.refresh", "schedule": MEMBERSHIP_REFRESH_S}} if GITHUB_TOKEN else {}),
}
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "beat-schedule")
CELERY_WORKER_HIJACK_ROOT_LOGGER = False

# --- Applications, from the doors down
INSTALLED_APPS = [
    "mctl",
    *(["sandbox"] if SANDBOX else []),
    "observer",
    "diagnosis",
    "services",
    "tenants",
    "operations",
    "accounts",
    "core",
    "django.contrib.admin.apps.SimpleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.github",
    "channels",
    "csp",
    "django_htmx",
    "django_structlog",
    "oauth2_provider",
]
MIDDLEWARE = [
    "mctl.probes.ProbeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "mctl.cors.CorsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "mctl.middleware.RequestLogMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "mctl.methods.MethodsMiddleware",
    "mctl.middleware.ActorMiddleware",
    "mctl.middleware.ProblemMiddleware",
    "mctl.api.ApiMiddleware",
    "mctl.limits.LimitsMiddleware",
]
ROOT_URLCONF = "mctl.urls"
ASGI_APPLICATION = "mctl.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    ["django.template.loaders.filesystem.Loader", "django.template.loaders.app_directories.Loader"],
                )
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "mctl.context.shell",
            ],
            "builtins": ["core.templatetags.ui"],
        },
    }
]

# --- People and sessions
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

# --- Tokens for clients
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

# --- Browser security
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

# --- Pages
LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG

# --- Logs: one JSON record an event; constants name events, data are fields
LOG_LEVEL = env.text("MCTL_LOG_LEVEL", "INFO", meaning="DEBUG, INFO, WARNING or ERROR")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "mctl.logs.formatter", "colors": DEBUG}},
    "filters": logs.FILTERS,
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": logs.LOGGERS,
}
