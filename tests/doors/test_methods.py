"""What every page answers to the methods that browsers, monitors and link checkers use."""

import pytest
from django.test import Client

from accounts.models import Person
from tests import builders
from tests.doors.test_permissions import API, POSTED_ONLY, ROUTES, url_of

# Redirects to GitHub and answers to foreign programs, whose libraries have rules of their own.
FOREIGN = ("api:", "github_", "oauth:", "admin:", "mcp")
PAGES = [name for name in ROUTES if name not in POSTED_ONLY and not name.startswith((API, *FOREIGN))]


@pytest.mark.django_db
@pytest.mark.parametrize("name", PAGES)
def test_a_page_answers_head_like_get_and_says_what_it_takes(name: str, valkey: None) -> None:
    builders.the_cast()
    builders.service()
    builders.operation()
    client = Client()
    client.force_login(Person.objects.signed_in("ada"))
    address = url_of(name)

    head, options = client.head(address), client.options(address)

    assert head.status_code == client.get(address).status_code
    assert head.streaming or head.content == b""
    assert options.status_code == 204
    assert {"GET", "HEAD", "OPTIONS"} <= {word.strip() for word in options["Allow"].split(",")}
