"""What this installation is: its mode, key, address, folders and hosts."""

from pathlib import Path
from urllib.parse import urlsplit

from mctl import env

BASE_DIR = Path(__file__).resolve().parents[2]

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
