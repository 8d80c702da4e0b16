"""/api/v1: the endpoints of every app as one API, each behind its gate, and errors in the one shape.

Endpoints hold no rule and no error handling; what they raise is answered here.
"""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import RequestDataTooBig
from django.core.signals import got_request_exception
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern, path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import conditional_page
from ninja import NinjaAPI, Router
from ninja.errors import HttpError, ValidationError

from core.actor import Scope
from core.discovery import app_modules
from core.errors import Forbidden, Invalid, Problem
from core.gate import gate
from core.rest import ApiRequest
from mctl.api import answer
from mctl.api_document import document
from mctl.api_system import router as system
from mctl.middleware import keep_denial

READING = {"GET", "HEAD"}


class MalformedJson(Problem):
    code = "malformed_json"
    status = 400


class WrongMethod(Problem):
    code = "method_not_allowed"
    status = 405


class TooLarge(Problem):
    code = "too_large"
    status = 413


class Broken(Problem):
    code = "server_error"
    status = 500


class ScopeMissing(Forbidden):
    code = "insufficient_scope"


api = NinjaAPI(title="MCTL", version="1", openapi_url=None, docs_url=None, urls_namespace="v1")
for module in app_modules("api"):
    if isinstance(router := getattr(module, "router", None), Router):
        api.add_router("", router)
api.add_router("", system)


@api.exception_handler(Problem)
def on_problem(request: HttpRequest, problem: Problem) -> HttpResponse:
    keep_denial(request, problem)
    return answer(request, problem)


@api.exception_handler(ValidationError)
def on_invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    fields = [describe_error(one) for one in error.errors]
    names = ", ".join(field["field"] for field in fields)
    sentence = f"{len(fields)} value{'s' if len(fields) > 1 else ''} cannot be taken: {names}."
    return answer(request, Invalid(sentence, fields=fields, remedy="Correct them and send the request again."))


@api.exception_handler(HttpError)
def on_malformed(request: HttpRequest, error: HttpError) -> HttpResponse:
    """What ninja itself refuses: a body that is no JSON."""
    return answer(
        request, MalformedJson("The body is not JSON.", remedy="Send a JSON object, UTF-8, application/json.")
    )


@api.exception_handler(RequestDataTooBig)
def on_too_large(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
    most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE // 2**20
    return answer(request, TooLarge(f"The request is larger than {most} MB.", remedy="Send less."))


@api.exception_handler(Exception)
def on_broken(request: HttpRequest, error: Exception) -> HttpResponse:
    # Whoever listens logs it with its traceback.
    got_request_exception.send(sender=None, request=request)
    return answer(
        request, Broken("Something broke on our side.", remedy="Try again; if it stays, show the request id.")
    )


def describe_error(error: dict[str, Any]) -> dict[str, str]:
    """`loc` is where, source first: ("query", "lines")."""
    names = [str(part) for part in error["loc"][1:] if part not in {"response", "parameters"}]
    return {"field": ".".join(names) or "body", "value": "", "sentence": f"{error['msg']}.", "example": ""}


def guard_endpoint(view: Callable[..., Any], verb: str, methods: set[str]) -> Callable[..., Any]:
    """An endpoint behind the middleware: scope, method and input that no database takes are refused before it runs.

    A read that has not changed is answered with 304 and no body.
    """
    answered = conditional_page(view)

    @gate(verb)
    @login_not_required
    @csrf_exempt
    def endpoint(request: ApiRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            refuse(request, methods)
        except Problem as problem:
            response = on_problem(request, problem)
            if isinstance(problem, WrongMethod):
                response["Allow"] = ", ".join(sorted(methods))
            if isinstance(problem, ScopeMissing):
                response["WWW-Authenticate"] = 'Bearer realm="mctl", error="insufficient_scope"'
            return response
        if request.method == "HEAD":
            request.method = "GET"
        return answered(request, *args, **kwargs)

    return endpoint


def refuse(request: ApiRequest, methods: set[str]) -> None:
    if request.method not in methods:
        raise WrongMethod(f"{request.method} means nothing here.", remedy=f"Use {' or '.join(sorted(methods))}.")
    needed = Scope.READ if request.method in READING else Scope.WRITE
    if needed not in request.actor.scopes:
        raise ScopeMissing(
            f"This token has no {needed} scope.", remedy=f"Create one with {needed}.", scope=needed.value
        )
    words = [request.path, *request.GET, *(word for found in request.GET.lists() for word in found[1])]
    if any("\0" in word for word in words):
        field = {"field": "request", "value": "", "sentence": "Leave out the NUL character.", "example": ""}
        raise Invalid("A NUL character cannot be looked for.", fields=[field])


@gate("api.schema")
def openapi(request: ApiRequest) -> HttpResponse:
    """For everybody who is let in; it tells nothing that the pages of operations do not."""
    return JsonResponse(document(api), json_dumps_params={"ensure_ascii": False})


def patterns() -> list[URLPattern]:
    """Ninja's own, each named for its function, with the verb that stands there."""
    found = []
    for router in api._get_bound_routers():
        verbs = {}
        for operation in (one for view in router.path_operations.values() for one in view.operations):
            verbs[operation.view_func.__name__] = (operation.view_func.gate_verb, set(operation.methods))
        for pattern in router.urls_paths(router.prefix):
            verb, methods = verbs[str(pattern.name)]
            allowed = methods | ({"HEAD"} if "GET" in methods else set())
            pattern.callback = guard_endpoint(pattern.callback, verb, allowed)
            found.append(pattern)
    return found


urlpatterns = [path("openapi.json", guard_endpoint(openapi, "api.schema", READING), name="openapi"), *patterns()]
