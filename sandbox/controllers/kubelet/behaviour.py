"""How a program behaves under the limits and variables it is given. Pure: no clock, no API."""

from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.controllers.kubelet import voices
from sandbox.registry import Program

OOM_EXIT, TERM_EXIT = 137, 143
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class Ending:
    """The end of a run: `after_s` seconds into it; `reason` as a terminated state has it; `lines` written last."""

    after_s: float
    exit_code: int
    reason: str
    lines: tuple[str, ...] = ()


def listening_port(program: Program, env: Mapping[str, str]) -> int:
    text = env.get(program.port_env, "") if program.port_env else ""
    return int(text) if text.isdigit() else program.port


def listening_host(program: Program, env: Mapping[str, str]) -> str:
    return env.get(program.host_env, "") or program.host


def ending(program: Program, env: Mapping[str, str], *, limit_mib: int | None) -> Ending | None:
    """How the run ends by itself; None when it goes on for ever."""
    missing = [name for name in program.needs_env if not env.get(name)]
    if missing:
        return Ending(0.8, 1, "Error", voices.missing_variable(program, missing[0]))
    crash = program.crash
    if crash is not None and not env.get(crash.unless_env):
        return Ending(crash.after_s, crash.exit_code, "Error" if crash.exit_code else "Completed", crash.lines)
    if limit_mib is not None and program.memory_mib > limit_mib:
        # The kernel asks nobody: no last words. The sooner it is over, the further the need is above the limit.
        after_s = program.memory_after_s * max(0.2, limit_mib / program.memory_mib)
        return Ending(after_s, OOM_EXIT, "OOMKilled")
    return None


def answer(program: Program, env: Mapping[str, str], *, age_s: float, port: int, path: str) -> int | None:
    """The HTTP status of a request from outside the container at this age; None where nobody listens to it."""
    if age_s < program.listens_after_s or port != listening_port(program, env):
        return None
    if listening_host(program, env) in LOOPBACK:
        return None
    plain = path.partition("?")[0]
    if plain == program.ready_path and any(not env.get(name) for name in program.ready_env):
        return 503
    return program.paths.get(plain, 404)
