"""One connection pool to one API server, and nothing else: requests in, raw answers out.

Built on the official client's configuration and TLS, below its models: those refuse whole lists for one odd object
and cost ten times the time and memory.
"""

import gc
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import orjson
import urllib3
from kubernetes.client import ApiClient, Configuration
from kubernetes.config import ConfigException, load_incluster_config, load_kube_config
from kubernetes.utils.keepalive import tcp_keepalive_socket_options
from yaml import YAMLError

from integrations.errors import Unreachable
from integrations.kubernetes.failures import LONGEST_STATUS_BODY, SYSTEM, failure, silence
from integrations.kubernetes.rights import Attempt

CONNECT_TIMEOUT_S = 3.0
POOL_SIZE = 32
TRANSPORT_ERRORS = (urllib3.exceptions.HTTPError, OSError, ConfigException)


class Transport:
    """Shared by threads, never across a fork. `read_timeout_s` is the longest silence within one answer."""

    def __init__(self, kubeconfig: str, read_timeout_s: float) -> None:
        self.read_timeout_s = read_timeout_s
        self._credentials = threading.Lock()
        self._configuration = configuration(kubeconfig)
        self.host: str = self._configuration.host
        self._pool = ApiClient(self._configuration).rest_client.pool_manager

    def open(
        self,
        method: str,
        path: str,
        *,
        asked: str,
        attempt: Attempt | None = None,
        query: Mapping[str, str] | None = None,
        body: object = None,
        content_type: str = "application/json",
        read_timeout_s: float | None = None,
    ) -> urllib3.BaseHTTPResponse:
        """An open answer, to be streamed or read by the caller, who closes it. Raises IntegrationError."""
        try:
            headers = {"Accept": "application/json", **self._authorization()}
            if body is not None:
                headers["Content-Type"] = content_type
            response = self._pool.request(
                method,
                self.host + path + (f"?{urlencode(query)}" if query else ""),
                body=orjson.dumps(body) if body is not None else None,
                headers=headers,
                preload_content=False,
                timeout=urllib3.Timeout(connect=CONNECT_TIMEOUT_S, read=read_timeout_s or self.read_timeout_s),
                # urllib3 would ask three times more, and a timeout of one second would take four.
                retries=False,
            )
            if response.status >= 300:
                refusal = response.read(LONGEST_STATUS_BODY, decode_content=True)
                response.close()
                raise failure(response.status, refusal, asked, attempt)
        except TRANSPORT_ERRORS as error:
            raise silence(error, self.host) from error
        return response

    def json(self, method: str, path: str, *, asked: str, **how: Any) -> dict[str, Any]:
        """The decoded answer. Raises IntegrationError."""
        data = self.read(method, path, asked=asked, **how)
        try:
            with without_gc():
                decoded = orjson.loads(data)
        except orjson.JSONDecodeError as error:
            raise silence(error, self.host) from error
        if not isinstance(decoded, dict):
            raise silence(ValueError("the answer is no object"), self.host)
        return decoded

    def read(self, method: str, path: str, *, asked: str, longest: int | None = None, **how: Any) -> bytes:
        """The whole answer, or its first `longest` bytes. Raises IntegrationError."""
        response = self.open(method, path, asked=asked, **how)
        try:
            data: bytes = response.read(longest)
        except TRANSPORT_ERRORS as error:
            response.close()
            raise silence(error, self.host) from error
        if longest is None:
            response.release_conn()
        else:
            response.close()
        return data

    def _authorization(self) -> dict[str, str]:
        # The hook behind this reads rotated tokens from their file or runs the login plugin: one thread at a time.
        with self._credentials:
            settings = self._configuration.auth_settings()
        token = settings["BearerToken"]["value"] if "BearerToken" in settings else None
        return {"Authorization": token} if token else {}


def configuration(kubeconfig: str) -> Configuration:
    """A Configuration of our own for the kubeconfig, or the pod's service account. Raises Unreachable.

    Never the vendor's default and never a copy of one: the refresh hook a loader leaves behind writes the first
    file's host and token over whatever is set later.
    """
    fresh = Configuration()
    try:
        if kubeconfig:
            load_kube_config(config_file=kubeconfig, client_configuration=fresh, persist_config=False)  # type: ignore[no-untyped-call]
        else:
            load_incluster_config(client_configuration=fresh)  # type: ignore[no-untyped-call]
        if fresh.ssl_ca_cert:
            # Kept in memory: the loader's temporary file goes away with the process that made it.
            fresh.ca_cert_data = Path(fresh.ssl_ca_cert).read_text()
            fresh.ssl_ca_cert = None
    except (ConfigException, OSError, ValueError, TypeError, AttributeError, KeyError, YAMLError) as error:
        raise Unreachable(
            SYSTEM,
            "The kubeconfig cannot be used." if kubeconfig else "There is no kubeconfig, and this is no pod.",
            remedy="Set MCTL_KUBECONFIG to a readable kubeconfig, or run in a cluster with a service account.",
            detail=why_unusable(kubeconfig, error),
        ) from error
    fresh.retries = False
    fresh.connection_pool_maxsize = POOL_SIZE
    fresh.socket_options = tcp_keepalive_socket_options()
    return fresh


def why_unusable(kubeconfig: str, error: Exception) -> str:
    """Without the path: everyone who may see a tenant's errors reads it."""
    if isinstance(error, YAMLError):
        mark = getattr(error, "problem_mark", None)
        return "The file of MCTL_KUBECONFIG is no YAML" + (f", line {mark.line + 1}" if mark else "")
    if kubeconfig and not any(Path(path).expanduser().exists() for path in kubeconfig.split(os.pathsep)):
        return "MCTL_KUBECONFIG names no file that exists"
    return f"{type(error).__name__}: {error}"


@contextmanager
def without_gc() -> Iterator[None]:
    """Decoding makes many objects and no cycles; the cyclic collector would be two thirds of its time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
