"""A browser that goes from MCTL to GitHub and back: Django's test client here, real HTTP there."""

import re
from html import unescape
from typing import Any
from urllib.parse import urlsplit

import requests
from django.http import HttpResponse
from django.test import Client

from tests.settings import PLATFORM

CALLBACK = "/sign-in/github/callback/"


class Browser:
    """`self.client` holds MCTL's cookies. `self.answers` keeps every address GitHub sent us back to."""

    def __init__(self) -> None:
        self.client = Client()
        self.sent_back_to: list[str] = []

    def leave(self, next_page: str = "") -> str:
        """Presses the button on the sign-in page; returns the address at GitHub."""
        answer = self.client.post("/sign-in/github/", {"next": next_page} if next_page else {})
        assert answer.status_code == 302, answer.content.decode()[:500]
        assert answer["Location"].startswith(PLATFORM.github_url)
        return str(answer["Location"])

    def decide(self, address: str, **form: str) -> str:
        """Answers GitHub's page, by default as the person named; returns the address of the callback."""
        page = requests.get(address, timeout=10)
        assert page.status_code == 200, page.text[:300]
        hidden = dict(re.findall(r'name="(\w+)" value="([^"]*)"', page.text.split("<button", 1)[0]))
        fields = {name: unescape(value) for name, value in hidden.items()}
        decided = requests.post(
            f"{PLATFORM.github_url}/login/oauth/authorize", data={**fields, **form}, timeout=10, allow_redirects=False
        )
        assert decided.status_code == 302, decided.text[:300]
        self.sent_back_to.append(decided.headers["Location"])
        return decided.headers["Location"]

    def come_back(self, address: str) -> HttpResponse:
        parts = urlsplit(address)
        assert parts.path == CALLBACK
        return self.client.get(f"{parts.path}?{parts.query}")

    def sign_in(self, login: str, next_page: str = "") -> HttpResponse:
        return self.come_back(self.decide(self.leave(next_page), login=login))

    def is_signed_in(self) -> bool:
        return self.client.get("/services/").status_code == 200


def words_of(client: Client, answer: Any) -> str:
    """What the page behind a redirect says."""
    assert answer.status_code == 302, answer.content.decode()[:500]
    page = client.get(answer["Location"]).content.decode()
    return " ".join(unescape(re.sub(r"(?s)<(script|style|svg).*?</\1>|<[^>]+>", " ", page)).split())
