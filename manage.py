#!/usr/bin/env python
"""Every command of the product: `python manage.py help`."""

import os
import secrets
import sys

from django.core.management import execute_from_command_line

from mctl.env import WrongSetting

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mctl.settings")
    # A command signs nothing that outlives it; only the servers must share a key, and those refuse to start without.
    os.environ.setdefault("MCTL_SECRET_KEY", secrets.token_urlsafe(50))
    if sys.argv[1:2] in (["sandbox"], ["fault"]):
        # Developers' commands, which must work without any settings. They cannot set these defaults themselves:
        # Django reads the settings before it looks for the command.
        os.environ.setdefault("MCTL_DEBUG", "true")
        os.environ.setdefault("MCTL_SANDBOX", "true")
    try:
        execute_from_command_line(sys.argv)
    except WrongSetting as reason:
        sys.exit(str(reason))
