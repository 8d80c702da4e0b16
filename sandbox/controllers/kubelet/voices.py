"""The dialects of logs: how a Go, Node, Python or Java program says that it starts, serves, fails and stops. Pure."""

import hashlib
from datetime import datetime

import orjson

from sandbox.registry import Program


def started(program: Program, address: str, moment: datetime, line: int) -> str:
    """`line` counts the start-up lines: 0 as it starts, 1 when configured, 2 when it listens."""
    words = (
        f"starting {program.name} {program.version}",
        "configuration loaded from environment",
        f"listening on {address}",
    )
    return spoken(program, moment, "info", words[line])


def served(program: Program, moment: datetime, what: str, status: int, seed: int, *, agent: str = "") -> str:
    took_ms = 1 + seed % 38 if not agent else 0
    if " " not in what or what.split(" ", 1)[0] not in ("GET", "POST", "PUT", "DELETE", "PATCH"):
        return spoken(program, moment, "info", what)
    level = "info" if status < 500 else "warn"
    more = {"status": status, "duration_ms": took_ms, **({"ua": agent} if agent else {})}
    if program.voice in ("python", "java"):
        tail = f' "{agent}"' if agent else ""
        return spoken(program, moment, level, f"{what} {status} {took_ms}ms{tail}")
    return spoken(program, moment, level, what, **more)


def spoken(program: Program, moment: datetime, level: str, words: str, **more: object) -> str:
    if program.voice == "go":
        head = {"level": level, "ts": f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z", "msg": words}
        return orjson.dumps({**head, **more}).decode()
    if program.voice == "node":
        number = {"info": 30, "warn": 40, "error": 50, "fatal": 60}[level]
        return orjson.dumps(
            {"level": number, "time": int(moment.timestamp() * 1000), "pid": 1, "msg": words, **more}
        ).decode()
    if program.voice == "java":
        name = program.name.replace("-", "")
        return (
            f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03} {level.upper():>5} 1 --- "
            f"[main] com.acme.{name}.Application : {words}"
        )
    return f"{moment:%Y-%m-%d %H:%M:%S},{moment.microsecond // 1000:03} {level.upper()} {program.name} {words}"


def stopped(program: Program, moment: datetime) -> str:
    return spoken(program, moment, "info", "SIGTERM received, shutting down")


def missing_variable(program: Program, variable: str) -> tuple[str, ...]:
    """The last words of a program that lacks a variable it cannot do without."""
    package = program.name.replace("-", "_")
    if program.voice == "node":
        return (
            "/app/dist/config.js:18",
            f"    throw new Error(`Missing required environment variable: {variable}`);",
            "    ^",
            "",
            f"Error: Missing required environment variable: {variable}",
            "    at loadConfig (/app/dist/config.js:18:11)",
            "    at Object.<anonymous> (/app/dist/server.js:7:16)",
            "    at Module._compile (node:internal/modules/cjs/loader:1554:14)",
            "",
            "Node.js v22.14.0",
        )
    if program.voice == "python":
        return (
            "Traceback (most recent call last):",
            f'  File "/app/{package}/__main__.py", line 11, in <module>',
            "    settings = Settings.from_env()",
            f'  File "/app/{package}/settings.py", line 27, in from_env',
            f'    return cls(secret=os.environ["{variable}"])',
            f"KeyError: '{variable}'",
        )
    if program.voice == "java":
        return (
            f'Exception in thread "main" java.lang.IllegalStateException: {variable} is not set',
            f"\tat com.acme.{package}.Config.require(Config.java:41)",
            f"\tat com.acme.{package}.Application.main(Application.java:17)",
        )
    return (
        f"panic: required environment variable {variable} is not set",
        "",
        "goroutine 1 [running]:",
        "main.mustEnv(...)",
        f"\t/src/cmd/{program.name}/main.go:38",
        "main.main()",
        f"\t/src/cmd/{program.name}/main.go:52 +0x1d4",
    )


def unhandled(program: Program) -> tuple[str, ...]:
    """The last words of a program with a defect of its own."""
    package = program.name.replace("-", "_")
    if program.voice == "node":
        return (
            "/app/dist/routes/index.js:42",
            "  const limits = tenant.limits.daily;",
            "                        ^",
            "",
            "TypeError: Cannot read properties of undefined (reading 'limits')",
            "    at register (/app/dist/routes/index.js:42:25)",
            "    at Server.start (/app/dist/server.js:31:5)",
            "    at process.processTicksAndRejections (node:internal/process/task_queues:105:5)",
            "",
            "Node.js v22.14.0",
        )
    if program.voice == "python":
        return (
            "Traceback (most recent call last):",
            f'  File "/app/{package}/__main__.py", line 24, in <module>',
            "    main()",
            f'  File "/app/{package}/rules.py", line 88, in load',
            '    return table["default"]["threshold"]',
            "TypeError: 'NoneType' object is not subscriptable",
        )
    if program.voice == "java":
        return (
            'Exception in thread "main" java.lang.NullPointerException: Cannot invoke '
            '"com.acme.Schedule.next()" because "schedule" is null',
            f"\tat com.acme.{package}.Runner.run(Runner.java:63)",
            f"\tat com.acme.{package}.Application.main(Application.java:22)",
        )
    return (
        "panic: runtime error: invalid memory address or nil pointer dereference",
        "[signal SIGSEGV: segmentation violation code=0x1 addr=0x18 pc=0x7c41d2]",
        "",
        "goroutine 1 [running]:",
        f"main.(*server).routes(0x0)\n\t/src/cmd/{program.name}/routes.go:57 +0x32",
        "main.main()",
        f"\t/src/cmd/{program.name}/main.go:44 +0x1b8",
    )


def number_from(*parts: object) -> int:
    """The same number for the same words in every process; what looks random in a log comes from here."""
    return int.from_bytes(hashlib.blake2s("/".join(map(str, parts)).encode(), digest_size=6).digest())
