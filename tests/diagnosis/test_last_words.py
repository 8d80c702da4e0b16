"""The last words of programs in many languages, and the cause each of them names."""

# ruff: noqa: E501 - log lines stand as the programs write them

import pytest

from tests.diagnosis.builders import App, causes, crashing, diagnose, said

LAST_WORDS = (
    (
        "env-var-missing",
        "Error: Missing required environment variable: STRIPE_API_KEY\n    at Object.<anonymous> (/app/config.js:12:9)",
    ),
    (
        "env-var-missing",
        "Traceback (most recent call last):\n  File \"/app/main.py\", line 4, in <module>\n    url = os.environ['QUEUE_URL']\n  File \"/usr/lib/python3.11/os.py\", line 679, in __getitem__\n    raise KeyError(key) from None\nKeyError: 'QUEUE_URL'",
    ),
    ("env-var-missing", "panic: required key KAFKA_BROKERS missing value\n\ngoroutine 1 [running]:\nmain.main()"),
    ("env-var-missing", '2026/08/20 09:28:11 environment variable "SMTP_HOST" must be set'),
    ("env-var-missing", "django.core.exceptions.ImproperlyConfigured: Set the DJANGO_SECRET_KEY environment variable"),
    (
        "env-var-missing",
        "pydantic_core._pydantic_core.ValidationError: 1 validation error for Settings\nREDIS_URL\n  Field required [type=missing, input_value={}, input_type=dict]",
    ),
    ("env-var-missing", "/entrypoint.sh: line 3: APP_ENV: parameter not set"),
    ("env-var-missing", "/docker-entrypoint.sh: 5: PUBLIC_URL: is required but not set"),
    (
        "env-var-missing",
        "java.lang.IllegalStateException: Could not resolve placeholder 'PAYMENT_GATEWAY_URL' in value \"${PAYMENT_GATEWAY_URL}\"",
    ),
    ("env-var-missing", "thread 'main' panicked at src/main.rs:14:42:\nAPI_BASE must be set: NotPresent"),
    (
        "env-var-missing",
        "Error: Database is uninitialized and superuser password is not specified.\n       You must specify POSTGRES_PASSWORD to a non-empty value for the\n       superuser.",
    ),
    (
        "env-var-missing",
        "error: database is uninitialized and password option is not specified\n  You need to specify one of the following as an environment variable:\n    - MYSQL_ROOT_PASSWORD\n    - MYSQL_ALLOW_EMPTY_PASSWORD",
    ),
    ("env-var-missing", 'KeyError: key not found: "RAILS_MASTER_KEY" (KeyError)'),
    ("env-var-missing", '{"level":"fatal","msg":"config: SESSION_SECRET is required"}'),
    ("env-var-missing", "Missing environment variables: JWT_SECRET, JWT_ISSUER"),
    ("env-var-missing", "FATAL: TOKEN not set"),
    ("env-var-missing", "[ERROR] BUCKET_NAME is undefined. Please define it in the environment."),
    ("env-var-missing", "Error: Environment variable not found: DATABASE_URL.\n  -->  schema.prisma:10"),
    ("env-var-missing", "ValueError: GITHUB_TOKEN environment variable is empty"),
    ("command-not-found", "sh: 1: gunicron: not found"),
    ("command-not-found", "/bin/bash: line 1: pyhton: command not found"),
    ("command-not-found", "/app/start.sh: line 7: envsubst: command not found"),
    ("config-file-missing", "FileNotFoundError: [Errno 2] No such file or directory: '/etc/app/settings.yaml'"),
    (
        "config-file-missing",
        'nginx: [emerg] open() "/etc/nginx/conf.d/upstream.conf" failed (2: No such file or directory) in /etc/nginx/nginx.conf:31',
    ),
    ("config-file-missing", "Error: ENOENT: no such file or directory, open '/config/app.json'"),
    ("config-file-missing", "panic: open /etc/config/rules.toml: no such file or directory"),
    (
        "config-file-missing",
        'level=fatal msg="Error loading config (--config.file=/etc/prometheus/prometheus.yml)" err="open /etc/prometheus/prometheus.yml: no such file or directory"',
    ),
    ("config-file-missing", "java.io.FileNotFoundException: /opt/app/keystore.jks (No such file or directory)"),
    (
        "config-file-missing",
        "Fatal error, can't open config file '/usr/local/etc/redis/redis.conf': No such file or directory",
    ),
    ("config-file-missing", "cat: can't open '/data/seed.sql': No such file or directory"),
    ("exec-format-error", "exec /usr/local/bin/docker-entrypoint.sh: exec format error"),
    ("exec-format-error", "standard_init_linux.go:228: exec user process caused: exec format error"),
    ("script-syntax-error", "/entrypoint.sh: line 12: syntax error near unexpected token `fi'"),
    ("script-syntax-error", 'sh: syntax error: unexpected "then" (expecting "fi")'),
    ("script-syntax-error", '/bin/sh: 1: Syntax error: end of file unexpected (expecting "done")'),
    ("script-syntax-error", "sh: syntax error: unterminated quoted string"),
    (
        "app-certificate-expired",
        "tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time 2026-08-20T09:28:00Z is after 2026-08-01T00:00:00Z",
    ),
    (
        "app-certificate-expired",
        "javax.net.ssl.SSLHandshakeException: PKIX path validation failed: java.security.cert.CertPathValidatorException: validity check failed: NotAfter: Sat Aug 01 00:00:00 UTC 2026",
    ),
    (
        "app-certificate-expired",
        "ssl.SSLCertVerificationError: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: certificate has expired (_ssl.c:1007)",
    ),
    (
        "app-certificate-expired",
        "Error: certificate has expired\n    at TLSSocket.onConnectSecure (node:_tls_wrap:1674:34) { code: 'CERT_HAS_EXPIRED' }",
    ),
    ("container-user-not-permitted", "Error: Cannot run as root. Please use a non-root user."),
    (
        "container-user-not-permitted",
        'initdb: error: cannot be run as root\ninitdb: hint: Please log in (using, e.g., "su") as the (unprivileged) user that will own the server process.',
    ),
    ("container-user-not-permitted", "can not run elasticsearch as root"),
    (
        "container-user-not-permitted",
        '"root" execution of the PostgreSQL server is not permitted.\nThe server must be started under an unprivileged user ID to prevent',
    ),
    ("container-user-not-permitted", "chown: changing ownership of '/var/lib/mysql': Operation not permitted"),
    (
        "container-user-not-permitted",
        'nginx: [emerg] mkdir() "/var/cache/nginx/client_temp" failed (13: Permission denied)',
    ),
    ("port-already-in-use", "Error: listen EADDRINUSE: address already in use :::3000"),
    ("port-already-in-use", "OSError: [Errno 98] Address already in use"),
    ("port-already-in-use", "nginx: [emerg] bind() to 0.0.0.0:80 failed (98: Address already in use)"),
    ("port-already-in-use", "listen tcp :9090: bind: address already in use"),
    ("port-already-in-use", "Web server failed to start. Port 8080 was already in use."),
    (
        "port-already-in-use",
        "[Errno 98] error while attempting to bind on address ('0.0.0.0', 8000): address already in use",
    ),
    ("volume-full", 'PANIC:  could not write to file "pg_wal/xlogtemp.42": No space left on device'),
    ("volume-full", "java.io.IOException: No space left on device"),
    ("volume-full", "OSError: [Errno 28] No space left on device: '/data/cache/x'"),
    (
        "db-host-unresolvable",
        'psycopg2.OperationalError: could not translate host name "orders-pg" to address: Name or service not known',
    ),
    (
        "db-host-unresolvable",
        "Error: getaddrinfo ENOTFOUND mysql-main.prod.svc.cluster.local\n    at GetAddrInfoReqWrap.onlookup [as oncomplete] (node:dns:107:26)",
    ),
    (
        "db-host-unresolvable",
        "failed to connect to `host=postgres-rw user=app database=app`: hostname resolving error (lookup postgres-rw on 10.43.0.10:53: no such host)",
    ),
    (
        "db-host-unresolvable",
        "java.net.UnknownHostException: pg-primary\n Caused by: org.postgresql.util.PSQLException: The connection attempt failed.",
    ),
    (
        "hostname-unresolvable",
        "requests.exceptions.ConnectionError: HTTPConnectionPool(host='billing-apii', port=80): Max retries exceeded with url: /v1 (Caused by NameResolutionError(\"<urllib3.connection.HTTPConnection object>: Failed to resolve 'billing-apii' ([Errno -2] Name or service not known)\"))",
    ),
    ("hostname-unresolvable", "dial tcp: lookup auth-svc.identity.svc.cluster.local on 10.43.0.10:53: no such host"),
    ("hostname-unresolvable", "curl: (6) Could not resolve host: config-server"),
    (
        "hostname-unresolvable",
        'nginx: [emerg] host not found in upstream "backend-api" in /etc/nginx/conf.d/default.conf:12',
    ),
    (
        "db-connection-failed",
        'psycopg.OperationalError: connection failed: connection to server at "10.43.17.5", port 5432 failed: Connection refused\n\tIs the server running on that host and accepting TCP/IP connections?',
    ),
    ("db-connection-failed", "MongoServerSelectionError: connect ECONNREFUSED 10.43.8.1:27017"),
    (
        "db-connection-failed",
        "com.mysql.cj.jdbc.exceptions.CommunicationsException: Communications link failure\nCaused by: java.net.ConnectException: Connection refused",
    ),
    ("db-connection-failed", "dial tcp 10.43.9.9:6379: connect: connection refused"),
    (
        "db-connection-failed",
        'sqlalchemy.exc.OperationalError: (psycopg2.OperationalError) connection to server at "db.internal" (10.0.0.5), port 5432 failed: Connection timed out',
    ),
    ("db-auth-failed", 'FATAL:  password authentication failed for user "app"'),
    ("db-auth-failed", "error: password authentication failed for user \"shop\"\n    code: '28P01',"),
    ("db-auth-failed", "ERROR 1045 (28000): Access denied for user 'shop'@'10.42.0.7' (using password: YES)"),
    ("db-auth-failed", "MongoServerError: Authentication failed."),
    ("db-auth-failed", "redis.exceptions.AuthenticationError: invalid username-password pair or user is disabled."),
    ("db-auth-failed", "WRONGPASS invalid username-password pair or user is disabled."),
    ("db-too-many-connections", "FATAL: sorry, too many clients already"),
    (
        "db-too-many-connections",
        "FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute",
    ),
    ("db-too-many-connections", 'FATAL: too many connections for role "labs-orders"'),
    ("db-too-many-connections", "ERROR 1040 (HY000): Too many connections"),
    (
        "db-too-many-connections",
        "sqlalchemy.exc.TimeoutError: QueuePool limit of size 5 overflow 10 reached, connection timed out, timeout 30.00",
    ),
    ("db-too-many-connections", "HikariPool-1 - Connection is not available, request timed out after 30001ms."),
    (
        "db-too-many-connections",
        "org.postgresql.util.PSQLException: FATAL: no more connections allowed (max_client_conn)",
    ),
    (
        "db-too-many-connections",
        "Error: timeout exceeded when trying to connect: remaining connection slots are reserved for non-replication superuser connections",
    ),
    (
        "rbac-forbidden",
        'User "system:serviceaccount:labs:api" cannot list resource "pods" in API group "" in the namespace "labs"',
    ),
    (
        "rbac-forbidden",
        'pods is forbidden: User "system:serviceaccount:labs:default" cannot watch resource "pods" in API group "" at the cluster scope',
    ),
    (
        "rbac-forbidden",
        'kubernetes.client.exceptions.ApiException: (403)\nReason: Forbidden\nHTTP response body: {"kind":"Status","message":"configmaps is forbidden: User \\"system:serviceaccount:labs:default\\" cannot list resource \\"configmaps\\" in API group \\"\\" in the namespace \\"labs\\"","reason":"Forbidden"}',
    ),
    (
        "app-exception",
        'Traceback (most recent call last):\n  File "/app/main.py", line 4, in <module>\n    main()\nZeroDivisionError: division by zero',
    ),
    (
        "app-exception",
        "panic: runtime error: invalid memory address or nil pointer dereference\n[signal SIGSEGV]\n\ngoroutine 1 [running]:",
    ),
    (
        "app-exception",
        "TypeError: Cannot read properties of undefined (reading 'map')\n    at Object.<anonymous> (/app/index.js:3:5)",
    ),
    ("app-exception", 'Exception in thread "main" java.lang.NullPointerException: Cannot invoke "String.length()"'),
    ("app-exception", "Error: Cannot find module 'express'\nRequire stack:\n- /app/server.js"),
    ("app-exception", "ModuleNotFoundError: No module named 'flask_cors'"),
    ("app-exception", "KeyError: 'user_id'"),
    ("app-exception", 'panic: invalid config: unknown field "replcas"'),
    ("app-exception", "error: unknown flag: --log-levle"),
    (
        "app-exception",
        'yaml.scanner.ScannerError: mapping values are not allowed here\n  in "/etc/app/config.yaml", line 3, column 8',
    ),
    ("app-exception", 'Migration 0042_add_index failed: relation "orders" does not exist'),
)


@pytest.mark.parametrize(("cause", "log"), LAST_WORDS, ids=lambda value: value[:40])
def test_the_last_words_name_the_cause(cause: str, log: str):
    app = App()
    app.state(crashing(app.spec["containers"][0], 127 if cause == "command-not-found" else 1)).log(log)

    assert causes(diagnose(app)) == [cause]


def test_a_log_of_noise_alone_is_still_quoted():
    app = App()
    app.state(crashing(app.spec["containers"][0])).log('npm ERR! Missing script: "start:prod"')

    assert "Missing script" in said(diagnose(app))
