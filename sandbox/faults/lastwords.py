"""Programs that end soon after their start: what each writes last, and with which exit code. A row is one fault.

A program of a single version ends with that version; one that misses a setting of its surroundings (`variable`) ends
until that variable is set, whatever the version.
"""

from dataclasses import dataclass, replace
from functools import partial

from sandbox.faults.kinds import TAG, Fault, Settings, nothing, this_version
from sandbox.registry import Crash, Program

# Before a program has said a word: the runtime could not even execute it.
AT_ONCE_S = 0.03
DEPLOY = "Deploy or roll back to another version."
REMOVED = "Nobody can mend it with a deploy: {who}; remove the fault when that is done."


@dataclass(frozen=True, slots=True)
class Death:
    """`lines` may name {name}, the program's. With `outside`, its surroundings are to blame and no version helps."""

    name: str
    description: str
    mended_by: str
    lines: tuple[str, ...]
    exit_code: int = 1
    after_s: float = 2.0
    variable: str = ""
    outside: bool = False

    def fault(self) -> Fault:
        bound = not self.variable and not self.outside
        settings = {"image_tag": TAG, "after_s": "seconds until it ends"}
        return Fault(
            self.name,
            self.description,
            self.mended_by,
            settings,
            change=partial(_ended, self),
            defaults=this_version if bound else nothing,
        )


def _ended(death: Death, program: Program, settings: Settings) -> Program:
    lines = tuple(line.format(name=program.name) for line in death.lines)
    after_s = float(settings.get("after_s", death.after_s))
    return replace(program, crash=Crash(after_s, death.exit_code, lines, unless_env=death.variable))


DEATHS = (
    Death(
        "missing-command",
        "The start script calls a program that is not in the image (exit code 127).",
        DEPLOY,
        ("/app/entrypoint.sh: line 6: goose: command not found",),
        exit_code=127,
        after_s=0.3,
    ),
    Death(
        "broken-start-script",
        "The start script cannot be parsed by its shell (exit code 2).",
        DEPLOY,
        ('/app/entrypoint.sh: line 9: syntax error: unexpected end of file (expecting "fi")',),
        exit_code=2,
        after_s=AT_ONCE_S,
    ),
    Death(
        "wrong-architecture",
        "The image is built for another CPU architecture than the nodes have.",
        DEPLOY,
        ("exec /app/{name}: exec format error",),
        exit_code=255,
        after_s=AT_ONCE_S,
    ),
    Death(
        "missing-config-file",
        "The program reads a file that the image of this version does not contain.",
        DEPLOY,
        ("fatal: open /etc/{name}/rules.yaml: no such file or directory",),
        after_s=0.6,
    ),
    Death(
        "port-in-use",
        "A helper in the same container holds the program's port, so it cannot bind it.",
        DEPLOY,
        ("fatal: listen tcp 0.0.0.0:8080: bind: address already in use",),
        after_s=1.0,
    ),
    Death(
        "refuses-root",
        "The program refuses to run as root, and this image sets no other user.",
        DEPLOY,
        ("fatal: refusing to run as root; set a non-root user in the image or in securityContext.runAsUser",),
        after_s=0.3,
    ),
    Death(
        "expired-certificate",
        "The client certificate baked into this version has expired.",
        DEPLOY,
        (
            "fatal: load client certificate: x509: certificate has expired or is not yet valid: current time is after "
            "2026-10-31T00:00:00Z",
        ),
    ),
    Death(
        "wrong-host",
        "The program asks for a host name that no longer exists, unless RATES_HOST names another.",
        "Set RATES_HOST.",
        ("fatal: fetch rates: dial tcp: lookup rates.partner.example on 10.96.0.10:53: no such host",),
        variable="RATES_HOST",
    ),
    Death(
        "database-down",
        "The database host resolves, and refuses the connection on its port.",
        REMOVED.format(who="the database must be started by those who run it"),
        ("fatal: connect to database: dial tcp 10.20.0.14:5432: connect: connection refused",),
        outside=True,
    ),
    Death(
        "database-cluster-down",
        "The shared PostgreSQL cluster has no primary, so the program cannot connect and ends.",
        REMOVED.format(who="the platform's people must repair the cluster"),
        ("fatal: connect to database: dial tcp 10.43.88.12:5432: connect: connection refused",),
        outside=True,
    ),
    Death(
        "database-password",
        "The database rejects the password, unless DB_PASSWORD_FILE points to a fresh one.",
        "Set DB_PASSWORD_FILE.",
        ('fatal: connect to database: pq: password authentication failed for user "{name}" (SQLSTATE 28P01)',),
        variable="DB_PASSWORD_FILE",
    ),
    Death(
        "database-crowded",
        "The database has no connection left for another client.",
        REMOVED.format(who="the database needs a pooler, or other clients must let go"),
        ("fatal: connect to database: FATAL: sorry, too many clients already (SQLSTATE 53300)",),
        outside=True,
    ),
    Death(
        "cluster-permission",
        "The program asks the Kubernetes API for what its service account may not read.",
        REMOVED.format(who="a platform admin must grant the role"),
        (
            'fatal: pods is forbidden: User "system:serviceaccount:default:default" cannot list resource "pods" in API '
            'group "" in the namespace "default"',
        ),
        outside=True,
    ),
)
