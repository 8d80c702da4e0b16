"""`manage.py env`: every setting with its meaning, default and current value; secrets are masked."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from core.start import start_warnings
from mctl.env import Declared, declared
from mctl.settings.base import BASE_DIR

MARKDOWN_HEAD = """# Configuration

Printed by `python manage.py env --markdown`; `make check` compares. Every variable is read in `mctl/settings/`.
A secret may also be given as a file: `NAME_FILE=/path`. What production needs: [proxy.md](proxy.md).

| Variable | Meaning | Default |
| --- | --- | --- |"""


class Command(BaseCommand):
    help = "Prints every setting with meaning, default and current value (secrets masked)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--markdown", action="store_true", help="as docs/configuration.md, without current values")

    def handle(self, *args: Any, markdown: bool, **options: Any) -> None:
        settings = [declared[name] for name in sorted(declared)]
        if markdown:
            self.stdout.write(MARKDOWN_HEAD)
            for setting in settings:
                self.stdout.write(f"| `{setting.name}` | {setting.meaning} | {shown_default(setting)} |")
            return
        for setting in settings:
            self.stdout.write(
                f"{setting.name}={shown_value(setting)}\n    {setting.meaning}; default: {setting.default!r}"
            )
        for warning in start_warnings():
            self.stdout.write(f"\nWarning: {warning.msg} {warning.hint}")


def shown_default(setting: Declared) -> str:
    # The checkout's folder differs from machine to machine; the page must not.
    default = setting.default.replace(str(BASE_DIR), ".")
    return f"`{default}`" if default else "none"


def shown_value(setting: Declared) -> str:
    if setting.secret:
        return "(set, masked)" if setting.value else ""
    return setting.value
