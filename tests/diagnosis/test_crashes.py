"""Programs that end by themselves: what their log and exit say."""

# ruff: noqa: E501 - messages stand as the systems write them

import pytest

from tests.diagnosis.builders import (
    App,
    ago,
    causes,
    config_map,
    container,
    crashing,
    diagnose,
    ended,
    event,
    notices,
    obj,
    owned,
    running,
    said,
    terminated,
    waiting,
)

LAST_WORDS = [
    ("env-var-missing", "STRIPE_KEY", "Error: Missing required environment variable STRIPE_KEY"),
    (
        "env-var-missing",
        "DATABASE_URL",
        "Traceback (most recent call last):\n  File \"/app/main.py\", line 3, in <module>\n    url = os.environ['DATABASE_URL']\nKeyError: 'DATABASE_URL'",
    ),
    (
        "env-var-missing",
        "PAYMENT_TOKEN",
        "panic: required key PAYMENT_TOKEN missing value\n\ngoroutine 1 [running]:\nmain.main()\n\t/src/main.go:10 +0x1d",
    ),
    (
        "env-var-missing",
        "app.signing.key",
        "Caused by: java.lang.IllegalArgumentException: Could not resolve placeholder 'app.signing.key' in value \"${app.signing.key}\"\n\tat org.springframework.util.PropertyPlaceholderHelper.parse(X.java:180)",
    ),
    ("env-var-missing", "API_URL", "/start.sh: line 4: API_URL: unbound variable"),
    ("env-var-missing", "REDIS_URL", '{"level":"fatal","msg":"REDIS_URL is not set"}'),
    (
        "env-var-missing",
        "POSTGRES_PASSWORD",
        "Error: Database is uninitialized and superuser password is not specified.\n       You must specify POSTGRES_PASSWORD to a non-empty value for the\n       superuser.",
    ),
    (
        "env-var-missing",
        "SESSION_SECRET",
        "Error: SESSION_SECRET environment variable is required\n    at Object.<anonymous> (/app/config.js:12:9)\n    at Module._compile (node:internal/modules/cjs/loader:1358:14)",
    ),
    (
        "config-file-missing",
        "/etc/app/config.yaml",
        "FileNotFoundError: [Errno 2] No such file or directory: '/etc/app/config.yaml'",
    ),
    ("config-file-missing", "/etc/app/config.yaml", "panic: open /etc/app/config.yaml: no such file or directory"),
    (
        "config-file-missing",
        "/config/app.json",
        "Error: ENOENT: no such file or directory, open '/config/app.json'\n    at Object.openSync (node:fs:601:3) {\n  errno: -2,\n  code: 'ENOENT',\n  syscall: 'open',\n  path: '/config/app.json'\n}",
    ),
    (
        "config-file-missing",
        "/etc/nginx/conf.d/site.conf",
        '2026/08/20 09:28:00 [emerg] 1#1: open() "/etc/nginx/conf.d/site.conf" failed (2: No such file or directory)',
    ),
    (
        "config-file-missing",
        "/etc/app/app.properties",
        "cat: can't open '/etc/app/app.properties': No such file or directory",
    ),
    (
        "config-file-missing",
        "/etc/app/app.properties",
        "java.io.FileNotFoundException: /etc/app/app.properties (No such file or directory)\n\tat java.base/java.io.FileInputStream.open0(Native Method)",
    ),
    (
        "port-already-in-use",
        "8080",
        "Error: listen EADDRINUSE: address already in use :::8080\n    at Server.setupListenHandle [as _listen2] (node:net:1817:16)",
    ),
    ("port-already-in-use", "8080", "panic: listen tcp :8080: bind: address already in use"),
    ("port-already-in-use", "8080", "Web server failed to start. Port 8080 was already in use."),
    ("port-already-in-use", "80", "nginx: [emerg] bind() to 0.0.0.0:80 failed (98: Address in use)"),
    ("volume-full", "space", 'PANIC:  could not write to file "pg_wal/xlogtemp.29": No space left on device'),
    (
        "app-certificate-expired",
        "expired",
        "Error: certificate has expired\n    at TLSSocket.onConnectSecure (node:_tls_wrap:1674:34)",
    ),
    (
        "app-certificate-expired",
        "expired",
        'panic: Get "https://partner.example.com": tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time 2026-08-20T09:20:00Z is after 2026-08-01T00:00:00Z',
    ),
    (
        "container-user-not-permitted",
        "root",
        '"root" execution of the PostgreSQL server is not permitted.\nThe server must be started under an unprivileged user ID.',
    ),
    ("container-user-not-permitted", "root", "Error: this program must not be run as root"),
    ("exec-format-error", "architecture", "exec /usr/local/bin/app: exec format error"),
    ("script-syntax-error", "syntax", "sh: syntax error: unterminated quoted string"),
    ("script-syntax-error", "syntax", '/bin/sh: 1: Syntax error: "fi" unexpected'),
    (
        "script-syntax-error",
        "syntax",
        "bash: -c: line 1: syntax error near unexpected token `done'\nbash: -c: line 1: `while true; do; done'",
    ),
    ("command-not-found", "gunicorn", "/entrypoint.sh: line 7: gunicorn: command not found"),
    (
        "rbac-forbidden",
        "list",
        'Error from server (Forbidden): pods is forbidden: User "system:serviceaccount:labs:default" cannot list resource "pods" in API group "" in the namespace "labs"',
    ),
    (
        "rbac-forbidden",
        "configmaps",
        'E0820 09:20:00.0 1 reflector.go:147] Failed to watch *v1.ConfigMap: configmaps is forbidden: User "system:serviceaccount:labs:operator" cannot watch resource "configmaps" in API group "" at the cluster scope',
    ),
    (
        "app-exception",
        "relation",
        'psycopg2.errors.UndefinedTable: relation "orders" does not exist\nLINE 1: SELECT 1 FROM orders',
    ),
    (
        "app-exception",
        "IndexOutOfBounds",
        'Exception in thread "main" java.lang.IndexOutOfBoundsException: Index 3 out of bounds for length 2\n\tat com.acme.Main.main(Main.java:14)',
    ),
    (
        "app-exception",
        "nil pointer",
        "panic: runtime error: invalid memory address or nil pointer dereference\n[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x4]\n\ngoroutine 1 [running]:\nmain.main()",
    ),
    ("app-exception", "heap", "java.lang.OutOfMemoryError: Java heap space\n\tat com.acme.Cache.grow(Cache.java:10)"),
    (
        "app-exception",
        "undefined",
        "TypeError: Cannot read properties of undefined (reading 'id')\n    at handler (/app/server.js:41:17)",
    ),
]


@pytest.mark.parametrize(("cause", "mention", "log"), LAST_WORDS)
def test_the_log_names_the_cause(cause: str, mention: str, log: str):
    app = App()
    app.state(crashing(app.spec["containers"][0])).log(f"2026-08-20 09:27:58 INFO starting up\n{log}\n")

    found = diagnose(app)

    assert causes(found) == [cause]
    assert mention in said(found)
    assert not found.healthy


def test_a_missing_executable_is_told_by_the_runtime():
    app = App(containers=[container(command=["serve"])])
    message = 'failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: exec: "serve": executable file not found in $PATH: unknown'
    app.state(crashing(app.spec["containers"][0], 128, "StartError", message=message))

    found = diagnose(app)

    assert causes(found) == ["command-not-found"]
    assert "serve" in found.findings[0].title


def test_run_container_error_while_waiting():
    app = App()
    message = 'failed to create containerd task: exec: "/app/run": stat /app/run: no such file or directory: unknown'
    app.state(waiting(app.spec["containers"][0], "RunContainerError", message))

    assert causes(diagnose(app)) == ["command-not-found"]


def test_a_variable_that_is_set_is_not_called_missing():
    app = App(containers=[container(env=[{"name": "API_URL", "value": "http://x"}])])
    app.state(crashing(app.spec["containers"][0])).log("ValueError: API_URL is required to be https")

    assert causes(diagnose(app)) == ["app-exception"]


def test_a_nearly_right_variable_is_pointed_out():
    app = App(containers=[container(env=[{"name": "DATABASE_URI", "value": "postgres://db"}])])
    app.state(crashing(app.spec["containers"][0])).log("KeyError: 'DATABASE_URL'")

    assert "DATABASE_URI" in diagnose(app).findings[0].detail


def test_the_file_that_is_mounted_instead_is_named():
    app = App(
        containers=[container(volumeMounts=[{"name": "config", "mountPath": "/etc/app"}])],
        volumes=[{"name": "config", "configMap": {"name": "api-config"}}],
    )
    app.state(crashing(app.spec["containers"][0])).log("open /etc/app/app.yaml: no such file or directory")

    found = diagnose(app, config_map("api-config", **{"app.conf": "a=1"}))

    assert causes(found) == ["config-file-missing"]
    assert "app.conf" in found.findings[0].detail


def test_a_crash_without_a_log_is_only_suspected():
    app = App()
    app.state(crashing(app.spec["containers"][0]))

    found = diagnose(app)

    assert causes(found) == ["app-exception"]
    assert found.findings[0].verdict == "suspected"


def test_a_program_that_ends_well_but_should_run_on_is_a_crash_loop():
    app = App()
    app.state(crashing(app.spec["containers"][0], 0, "Completed")).log("done\n")

    assert causes(diagnose(app)) == ["crash-loop"]


def test_a_container_caught_running_between_two_crashes_still_counts():
    app = App()
    last = terminated(1, minutes=1, lived_s=40)
    app.state(running(app.spec["containers"][0], ago(seconds=20), restarts=9, last=last), ready=True)
    app.log("starting\n", previous="KeyError: 'TOKEN_KEY'\n")

    assert causes(diagnose(app)) == ["env-var-missing"]


def test_a_crash_that_healed_half_an_hour_ago_is_a_notice():
    app = App()
    last = terminated(1, minutes=31, lived_s=10)
    app.state(running(app.spec["containers"][0], ago(minutes=30), restarts=4, last=last), ready=True)
    app.log("listening on :8080\n", previous="could not connect to server: Connection refused\n")

    found = diagnose(app)

    assert causes(found) == []
    assert notices(found) == ["past-restarts"]


def test_a_sidecar_that_crashes_is_named():
    app = App(containers=[container(), container("proxy", "ghcr.io/acme/proxy:2", ports=[])])
    app.state(crashing(app.spec["containers"][1]), name="proxy").log("panic: bad token\n", name="proxy")

    found = diagnose(app)

    assert causes(found) == ["app-exception"]
    assert "container proxy" in found.findings[0].title


def test_a_failing_init_container_is_named():
    app = App(initContainers=[container("migrate", ports=[])])
    app.state(crashing(app.spec["initContainers"][0]), name="migrate").log("KeyError: 'DB_NAME_X'\n", name="migrate")
    app.state(waiting(app.spec["containers"][0], "PodInitializing"))

    found = diagnose(app)

    assert causes(found) == ["env-var-missing"]
    assert "init container migrate" in found.findings[0].title
    assert "init-container-failing" in [entry.cause for entry in found.findings[0].consequences]


def job(name: str = "report", *, conditions: list | None = None, **status: int):
    found = App(name, kind="Job", containers=[container("report", ports=[])], restartPolicy="Never")
    found.workload["apiVersion"] = "batch/v1"
    found.workload["status"] = {"conditions": conditions or [], **status}
    return found


def failed_job() -> App:
    found = job()
    found.pod["status"]["phase"] = "Failed"
    found.state(ended(found.spec["containers"][0], 1, restarts=0)).log("Traceback\nValueError: no rows\n")
    found.workload["status"] = {
        "failed": 1,
        "conditions": [
            {
                "type": "Failed",
                "status": "True",
                "reason": "BackoffLimitExceeded",
                "message": "Job has reached the specified backoff limit",
            }
        ],
    }
    return found


def test_a_failed_job_says_what_its_pod_said():
    found = diagnose(failed_job())

    assert causes(found) == ["app-exception"]
    assert "job-failed" in [entry.cause for entry in found.findings[0].consequences]


def test_a_failed_job_whose_pods_are_gone_is_a_symptom():
    app = failed_job()
    app.pods, app.logs = [], {}

    assert causes(diagnose(app)) == ["job-failed"]


def test_a_job_that_succeeded_after_a_failed_try_is_well():
    app = failed_job()
    app.workload["status"] = {"failed": 1, "succeeded": 1, "conditions": [{"type": "Complete", "status": "True"}]}

    found = diagnose(app)

    assert causes(found) == []
    assert found.healthy


def cron(*jobs: App, suspend: bool = False):
    found = obj(
        "batch/v1",
        "CronJob",
        "nightly",
        spec={
            "schedule": "0 2 * * *",
            "suspend": suspend,
            "jobTemplate": {"spec": {"template": {"spec": {"containers": []}}}},
        },
    )
    for entry in jobs:
        entry.workload["metadata"]["ownerReferences"] = owned(found)
    return found


def test_the_newest_run_of_a_cronjob_decides():
    bad, good = failed_job(), job("report-2", conditions=[{"type": "Complete", "status": "True"}], succeeded=1)
    bad.workload["metadata"]["creationTimestamp"], good.workload["metadata"]["creationTimestamp"] = (
        ago(hours=25),
        ago(hours=1),
    )
    good.pod["status"]["phase"] = "Succeeded"

    assert causes(diagnose(good, cron(bad, good), *bad.objects, kind="CronJob", name="nightly")) == []
    bad.workload["metadata"]["creationTimestamp"] = ago(minutes=5)
    assert causes(diagnose(bad, cron(bad, good), *good.objects, kind="CronJob", name="nightly")) == ["app-exception"]


def test_a_suspended_cronjob_is_a_notice():
    found = diagnose(failed_job(), cron(suspend=True), kind="CronJob", name="nightly")

    assert causes(found) == []
    assert notices(found) == ["cronjob-suspended"]


def test_a_liveness_kill_is_no_exception_of_the_program():
    app = App(containers=[container(livenessProbe={"exec": {"command": ["/bin/check"]}})])
    app.state(crashing(app.spec["containers"][0], 137)).log("ERROR something odd\n")
    killing = event(
        app.pod,
        "Killing",
        "Container api failed liveness probe, will be restarted",
        minutes=2,
        container="api",
        kind="Normal",
    )
    unhealthy = event(app.pod, "Unhealthy", "Liveness probe failed: check: not alive", minutes=2, container="api")

    assert causes(diagnose(app, killing, unhealthy)) == ["liveness-probe-failing"]
