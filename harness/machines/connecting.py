"""Ways to an engine: which one is meant, and a client of the SDK that reaches it."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from typing import Any

import docker
import docker.constants
import docker.errors
import docker.utils
import requests.exceptions
from docker.context import ContextAPI

from harness.machines.ssh import SshAdapter
from harness.problem import EngineProblem

#: What the SDK raises where nobody answers.
NO_ANSWER = (docker.errors.DockerException, requests.exceptions.RequestException, OSError)


def open_api(address: str, tls: Any, timeout: float) -> Any:
    """The SDK's low-level client for an address; raises one of NO_ANSWER where nobody answers."""
    options: dict[str, Any] = {"timeout": timeout, "max_pool_size": 32}
    if address.startswith("ssh://"):
        api = _over_ssh(address, options)
    else:
        _knock(address)
        api = docker.APIClient(base_url=address, tls=tls or False, **options)
    try:
        api.ping()
    except BaseException:
        api.close()
        raise
    return api


def named_engine() -> tuple[str, Any, str] | None:
    """Address, TLS settings and origin of the engine that the user named, if one was named."""
    address = os.environ.get("DOCKER_HOST")
    if address:
        tls = None
        if os.environ.get("DOCKER_TLS_VERIFY") or os.environ.get("DOCKER_CERT_PATH"):
            try:
                tls = docker.utils.kwargs_from_env().get("tls")
            except docker.errors.DockerException as error:
                raise EngineProblem(
                    f"the TLS settings of DOCKER_HOST are of no use: {short(error)}",
                    "check DOCKER_CERT_PATH and DOCKER_TLS_VERIFY",
                    "engine-tls",
                ) from error
        return address, tls, "DOCKER_HOST"
    try:
        context = ContextAPI.get_context(os.environ.get("DOCKER_CONTEXT"))
    except Exception as error:
        # The SDK lets errors of every kind through for a damaged context.
        raise EngineProblem(
            f"docker's current context cannot be read: {short(error)}",
            "choose another with `docker context use default`, or set DOCKER_HOST",
            "engine-context",
        ) from error
    if context is None:
        raise EngineProblem(
            f"there is no docker context {os.environ.get('DOCKER_CONTEXT')!r}",
            "unset DOCKER_CONTEXT, or see `docker context ls`",
            "engine-context",
        )
    if context.Name == "default" or not context.Host:
        return None
    return context.Host, context.TLSConfig, f"DOCKER_CONTEXT or the context {context.Name!r}"


def _knock(address: str) -> None:
    """Raise the OSError of a unix socket that nobody listens on; the SDK would leak its own."""
    if address.startswith("unix://"):
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect(address.removeprefix("unix://"))


def _over_ssh(address: str, options: Mapping[str, Any]) -> Any:
    """The SDK's client with our transport below it; it speaks the older of both API versions."""
    wanted = docker.constants.MINIMUM_DOCKER_API_VERSION
    while True:
        api = docker.APIClient(base_url="unix:///ssh", version=wanted, **options)
        api.mount("http+docker://", SshAdapter(address, options["timeout"]))
        offered = str(api.version(api_version=False)["ApiVersion"])
        if offered == wanted:
            return api
        api.close()
        wanted = offered


def short(error: BaseException) -> str:
    """One line of an SDK's error: the engine's own explanation where there is one."""
    if isinstance(error, docker.errors.APIError) and error.explanation:
        return str(error.explanation).strip().splitlines()[0]
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, OSError) and seen.strerror:
            return seen.strerror.lower()
        seen = seen.__cause__ or seen.__context__
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__
