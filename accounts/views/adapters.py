"""Where allauth asks us: who is admitted, and what people read when something goes wrong."""

from typing import Any

import requests
from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from allauth.socialaccount.providers.base.constants import AuthError
from django.http import HttpRequest

from accounts.actions.admission import admit
from accounts.errors import SignInFailed
from accounts.views.pages import back_to_sign_in
from core.actor import Actor, Door
from core.audit import SUCCEEDED, record
from core.errors import Problem, Unavailable
from core.limits import address_of
from core.security_events import NOT_SIGNED_IN, count_stranger
from integrations.github import Account, problem_of

SIGN_IN = "sign_in"
AGAIN = "Start again from the sign-in page."


class AccountAdapter(DefaultAccountAdapter):
    """Nobody signs up by a form, and the page itself shows who one is."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def add_message(self, *arguments: Any, **options: Any) -> None:
        """No "Successfully signed in"."""


class GitHubAdapter(DefaultSocialAccountAdapter):
    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Admits, or turns back. After this the person exists, so allauth's own sign-up is never reached."""
        profile = sociallogin.account.extra_data
        account = Account(int(sociallogin.account.uid), str(profile["login"]).lower(), str(profile.get("name") or ""))
        try:
            person = admit(sociallogin.token.token, account)
        except Problem as problem:
            note_failure(request, problem, account.login)
            raise ImmediateHttpResponse(back_to_sign_in(problem)) from problem
        # What else the profile says is none of our business.
        sociallogin.account.extra_data = {"login": person.login}
        sociallogin.account.user = sociallogin.user = person
        sociallogin.account.save()
        record(Actor(person.login, Door.WEB), SIGN_IN, result=SUCCEEDED, reason="GitHub vouched for them.")

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: Any,
        error: str | None = None,
        exception: Exception | None = None,
        extra_context: dict[str, Any] | None = None,
    ) -> None:
        problem = in_words(request, error, exception)
        note_failure(request, problem)
        raise ImmediateHttpResponse(back_to_sign_in(problem))


def note_failure(request: HttpRequest, problem: Problem, login: str = NOT_SIGNED_IN) -> None:
    count_stranger(SIGN_IN, problem.sentence, door=Door.WEB, address=address_of(request.META), name=login)


def in_words(request: HttpRequest, error: str | None, exception: Exception | None) -> Problem:
    if error == AuthError.CANCELLED:
        return SignInFailed("You did not allow MCTL to ask GitHub who you are.", remedy=AGAIN, code="denied")
    if exception is not None:
        return in_words_of_github(exception)
    if "error" in request.GET:
        return SignInFailed("GitHub ended the sign-in with an error.", remedy=AGAIN, code="refused")
    sentence = "This sign-in was not begun in this browser, was finished before, or took longer than ten minutes."
    return SignInFailed(sentence, remedy=AGAIN, code="state_invalid")


def in_words_of_github(exception: Exception) -> Problem:
    """allauth tells a refused code from an outage only in the text of its error, which holds GitHub's answer."""
    if isinstance(exception, requests.RequestException) and exception.response is not None:
        return problem_of(exception.response, "reading your profile")
    if "bad_verification_code" in str(exception):
        return SignInFailed("GitHub did not accept the sign-in: its code was used or is too old.", remedy=AGAIN)
    if "incorrect_client_credentials" in str(exception):
        sentence = "GitHub does not know this installation's OAuth app, or its secret is another one."
        return SignInFailed(sentence, remedy="An administrator compares MCTL_GITHUB_CLIENT_ID and its secret.")
    return Unavailable("GitHub does not answer, so nobody can sign in with it now.", remedy="Try again in a minute.")
