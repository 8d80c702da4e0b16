"""All settings, one module a subject, read from the environment through `env`."""

from mctl.settings.applications import *
from mctl.settings.base import *
from mctl.settings.database import *
from mctl.settings.integrations import *
from mctl.settings.limits import *
from mctl.settings.logging import *
from mctl.settings.oauth import *
from mctl.settings.operations import *
from mctl.settings.pages import *
from mctl.settings.people import *
from mctl.settings.security import *
from mctl.settings.workers import *
