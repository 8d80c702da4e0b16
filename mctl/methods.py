"""OPTIONS on a page: which methods it takes. The API and the agents' door answer for themselves."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

REFUSED = 405


class MethodsMiddleware:
    """A page refuses what it does not take, naming what it does: that is the answer OPTIONS asks for."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.method == "OPTIONS" and response.status_code == REFUSED and "Allow" in response:
            return HttpResponse(status=204, headers={"Allow": f"{response['Allow']}, OPTIONS"})
        return response
