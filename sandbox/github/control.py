"""The client of the admin endpoint, for tests and demonstrations."""

import json
import urllib.request
from pathlib import Path
from typing import Any


class Control:
    """`control("leave", login="dev", team="acme-payments")`; actions are those of `sandbox.github.admin`."""

    def __init__(self, url: str, directory: Path) -> None:
        self.url, self.directory = url, directory

    def __call__(self, action: str, **arguments: Any) -> Any:
        headers = {
            "Authorization": f"Bearer {(self.directory / 'admin-token').read_text().strip()}",
            "Content-Type": "application/json",
        }
        data = json.dumps(arguments).encode()
        request = urllib.request.Request(f"{self.url}/sandbox/{action}", data=data, headers=headers)  # noqa: S310
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310  our own loopback address
            return json.loads(answer.read())

    def token_of(self, login: str) -> str:
        """A personal access token of that person; `app` is the organisation's own."""
        return (self.directory / "tokens" / login).read_text().strip()
