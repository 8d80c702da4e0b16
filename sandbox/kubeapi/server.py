"""The HTTP side: who calls, which path, and every failure as a Status object."""

import logging
from typing import TYPE_CHECKING

from aiohttp import web

from sandbox.kubeapi import discovery, errors
from sandbox.kubeapi.authorisation import authorise, authorise_unknown, impersonated
from sandbox.kubeapi.calls import Call, User
from sandbox.kubeapi.handlers import handle, json_response
from sandbox.kubeapi.openapi import OpenApi
from sandbox.kubeapi.routing import target_of

if TYPE_CHECKING:
    from sandbox.kubeapi.cluster import Cluster

log = logging.getLogger("sandbox.kubeapi")
_LARGEST_BODY = 8 * 1024 * 1024
_HEALTH = ("/healthz", "/livez", "/readyz")


class Server:
    def __init__(self, cluster: "Cluster") -> None:
        self._cluster = cluster
        self._openapi = OpenApi(cluster.registry, cluster.book)

    def application(self) -> web.Application:
        app = web.Application(client_max_size=_LARGEST_BODY)
        app.router.add_route("*", "/{path:.*}", self.answer)
        return app

    async def answer(self, request: web.Request) -> web.StreamResponse:
        try:
            if request.path.rstrip("/") in _HEALTH:
                return web.Response(text="ok")
            user = self._cluster.authenticator.user_for(request.headers.get("Authorization", ""))
            if name := request.headers.get("Impersonate-User", ""):
                user = impersonated(self._cluster, user, name, request.headers.getall("Impersonate-Group", []))
            known = self._document(request)
            return known if known is not None else await self._resource(request, user)
        except errors.ApiError as problem:
            return json_response(problem.status(), problem.code)
        except (ConnectionResetError, ConnectionAbortedError):
            raise
        except web.HTTPRequestEntityTooLarge:
            message = f"Request entity too large: limit is {_LARGEST_BODY}"
            return json_response(errors.ApiError(413, "RequestEntityTooLarge", message).status(), 413)
        except Exception as problem:
            log.exception("request failed: %s %s", request.method, request.path)
            failure = errors.ApiError(500, "InternalError", f"Internal error occurred: {problem}")
            return json_response(failure.status(), 500)

    async def _resource(self, request: web.Request, user: User) -> web.StreamResponse:
        try:
            target = target_of(self._cluster.registry, request.path)
        except errors.ApiError:
            watch = request.query.get("watch", "") in ("1", "true", "True")
            authorise_unknown(self._cluster, user, request.method, request.path, watch=watch)
            raise
        query = dict(request.query)
        # With a name only the old spelling watches: the parameter means nothing there.
        if target.name:
            query.pop("watch", None)
        query |= {"watch": "1"} if target.watch else {}
        call = Call(
            method=request.method,
            path=request.path,
            query=query,
            body=await request.read(),
            user=user,
            resource=target.resource,
            namespace=target.namespace,
            name=target.name,
            subresource=target.subresource,
            content_type=request.content_type,
            accept=request.headers.get("Accept", ""),
            user_agent=request.headers.get("User-Agent", ""),
        )
        authorise(self._cluster, call)
        return await handle(self._cluster, call, request)

    def _document(self, request: web.Request) -> web.Response | None:
        """Version, discovery and OpenAPI; None for the path of a resource."""
        if request.method not in ("GET", "HEAD"):
            return None
        registry, parts = self._cluster.registry, [part for part in request.path.split("/") if part]
        if parts == ["version"]:
            return json_response(discovery.version_document())
        if parts[:2] == ["openapi", "v3"]:
            return self._openapi_document("/".join(parts[2:]))
        if parts in (["api"], ["apis"]):
            return self._root(request, core=parts == ["api"])
        found = None
        if len(parts) == 2 and parts[0] == "apis":
            found = discovery.one_group(registry, parts[1])
        elif (len(parts) == 2 and parts[0] == "api") or (len(parts) == 3 and parts[0] == "apis"):
            found = discovery.resource_list(registry, parts[1] if parts[0] == "apis" else "", parts[-1])
        else:
            return None
        if found is None:
            raise errors.no_such_path()
        return json_response(found)

    def _openapi_document(self, path: str) -> web.Response:
        if not path:
            return json_response(self._openapi.index())
        found = self._openapi.document(path)
        if found is None:
            raise errors.no_such_path()
        return json_response(found)

    def _root(self, request: web.Request, *, core: bool) -> web.Response:
        if "as=APIGroupDiscoveryList" in request.headers.get("Accept", ""):
            response = json_response(discovery.aggregated(self._cluster.registry, core=core))
            response.headers["Content-Type"] = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
            return response
        registry = self._cluster.registry
        return json_response(discovery.core_versions() if core else discovery.group_list(registry))
