"""Personal access tokens: created in the browser, shown once, kept as a hash, ended at will."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from accounts.actions import create_token, revoke_token
from accounts.errors import TokenRefused
from accounts.models import Person, PersonalToken
from accounts.queries import personal_tokens, verify
from core.actor import Actor, Door
from core.clock import now
from core.errors import Forbidden, Invalid, NotFound
from operations.models import AuditEntry

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def olga_and_oscar_are_known() -> None:
    for login in ("olga", "oscar"):
        Person.objects.signed_in(login)


def code_of(token: str) -> str:
    with pytest.raises(TokenRefused) as refused:
        verify(token, Door.REST)
    return refused.value.problem_code


def test_a_new_token_works_with_its_scopes_and_its_end(olga: Actor) -> None:
    made = create_token(olga, name="ci", scopes=["read", "write"], days=30)
    bearer = verify(made.secret, Door.REST)
    assert made.secret.startswith("mctl_pat_")
    assert (bearer.login, bearer.client, bearer.scopes) == ("olga", "token ci", {"read", "write"})
    assert bearer.expires_at == made.expires_at


def test_only_a_hash_of_it_is_kept(olga: Actor) -> None:
    made = create_token(olga, name="ci", scopes=["read"], days=30)
    row = PersonalToken.objects.values().get()
    assert made.secret not in str(row)
    assert made.secret[9:20] not in str(row)


def test_a_revoked_an_expired_and_an_unknown_token_are_refused_by_name(olga: Actor) -> None:
    made = create_token(olga, name="ci", scopes=["read"], days=30)
    PersonalToken.objects.update(expires_at=now() - timedelta(seconds=1))
    assert code_of(made.secret) == "token_expired"
    revoke_token(olga, PersonalToken.objects.get().pk)
    assert code_of(made.secret) == "token_revoked"
    assert code_of(made.secret + "x") == "token_unknown"


def test_other_peoples_tokens_are_not_there(olga: Actor, oscar: Actor) -> None:
    create_token(olga, name="ci", scopes=["read"], days=30)
    assert personal_tokens(oscar) == []
    with pytest.raises(NotFound):
        revoke_token(oscar, PersonalToken.objects.get().pk)


def test_a_token_cannot_make_tokens() -> None:
    with pytest.raises(Forbidden, match="cannot create or end"):
        create_token(Actor("olga", Door.REST, token_kind="personal"), name="more", scopes=["admin"], days=1)


@pytest.mark.parametrize(
    ("name", "scopes", "days", "field"),
    [
        ("", ["read"], 30, "name"),
        ("x" * 61, ["read"], 30, "name"),
        ("line\nbreak", ["read"], 30, "name"),
        ("ci", [], 30, "scopes"),
        ("ci", ["root"], 30, "scopes"),
        ("ci", ["read"], 0, "days"),
        ("ci", ["read"], 10_000, "days"),
    ],
)
def test_a_token_needs_a_name_a_scope_and_an_end(
    olga: Actor, name: str, scopes: list[str], days: int, field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        create_token(olga, name=name, scopes=scopes, days=days)
    assert refused.value.fields[0]["field"] == field


def test_two_tokens_of_one_name_need_the_first_to_be_revoked(olga: Actor) -> None:
    create_token(olga, name="ci", scopes=["read"], days=30)
    with pytest.raises(Invalid, match="not created"):
        create_token(olga, name="ci", scopes=["read"], days=30)
    revoke_token(olga, PersonalToken.objects.get().pk)
    assert create_token(olga, name="ci", scopes=["read"], days=30)


def test_making_and_ending_a_token_are_in_the_audit_without_it(olga: Actor) -> None:
    made = create_token(olga, name="ci", scopes=["read"], days=30)
    revoke_token(olga, PersonalToken.objects.get().pk)

    rows = AuditEntry.objects.order_by("pk")
    assert [(row.verb, row.actor, row.target, row.result) for row in rows] == [
        ("token.create", "olga", "ci", "succeeded"),
        ("token.revoke", "olga", "ci", "succeeded"),
    ]
    assert rows[0].parameters == {"scopes": ["read"], "days": 30}
    assert made.secret[9:20] not in str(rows.values())


def test_a_token_that_could_not_be_made_leaves_no_row(olga: Actor) -> None:
    create_token(olga, name="ci", scopes=["read"], days=30)
    with pytest.raises(Invalid):
        create_token(olga, name="ci", scopes=["read"], days=30)

    assert AuditEntry.objects.count() == 1


def test_where_the_audit_cannot_be_written_there_is_no_token(olga: Actor) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE operations_auditentry RENAME TO audit_away")

    with pytest.raises(DatabaseError), transaction.atomic():
        create_token(olga, name="ci", scopes=["read"], days=30)

    assert not PersonalToken.objects.exists()
