"""What faults do to the program in a container: pure changes of what it is, read again at every run."""

from dataclasses import replace
from typing import Any

from sandbox.controllers.kubelet.voices import unhandled
from sandbox.controllers.quantity import container_limit_mib
from sandbox.faults.kinds import Container, Settings
from sandbox.registry import Crash, Program


def above_the_limit(container: Container) -> dict[str, Any]:
    limit = container_limit_mib(dict(container)) or 256
    return {"needs_mib": limit + max(64, limit // 4)}


def below_the_limit(container: Container) -> int:
    return (container_limit_mib(dict(container)) or 256) * 3 // 4


def crash(program: Program, settings: Settings) -> Program:
    if name := settings.get("needs_env"):
        return replace(program, needs_env=(*program.needs_env, str(name)))
    ended = Crash(float(settings.get("after_s", 2.5)), int(settings.get("exit_code", 1)), unhandled(program))
    return replace(program, crash=ended)


def missing_variable(program: Program, settings: Settings) -> Program:
    return replace(program, needs_env=(*program.needs_env, str(settings.get("variable", "SESSION_SECRET_KEY"))))


def out_of_memory(program: Program, settings: Settings) -> Program:
    after_s = float(settings.get("after_s", 8))
    return replace(program, memory_mib=int(settings.get("needs_mib", 512)), memory_after_s=after_s)


def not_ready(program: Program, settings: Settings) -> Program:
    if name := settings.get("needs_env"):
        return replace(program, ready_env=(*program.ready_env, str(name)))
    if path := settings.get("serves_path"):
        kept = {one: status for one, status in program.paths.items() if one != program.ready_path}
        return replace(program, paths={**kept, str(path): 200}, ready_path=str(path))
    return replace(program, paths={**program.paths, program.ready_path: int(settings.get("status", 503))})


def moved_health_check(program: Program, settings: Settings) -> Program:
    """All it served for its health is gone; one new path answers."""
    path = str(settings.get("serves_path", "/status"))
    kept = {one: status for one, status in program.paths.items() if one not in ("/healthz", "/readyz")}
    return replace(program, paths={**kept, path: 200}, ready_path=path)


def not_alive(program: Program, settings: Settings) -> Program:
    return replace(program, paths={**program.paths, "/healthz": int(settings.get("status", 500))})


def slow(program: Program, settings: Settings) -> Program:
    return replace(program, listens_after_s=float(settings.get("ready_after_s", 120)))


def other_port(program: Program, settings: Settings) -> Program:
    return replace(program, port=int(settings.get("port", program.port + 1)))


def loopback_only(program: Program, settings: Settings) -> Program:
    return replace(program, host="127.0.0.1")
