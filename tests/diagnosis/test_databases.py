"""Databases: the server, the name, the role, the credentials, the pool."""

from tests.diagnosis.builders import (
    App,
    ago,
    causes,
    config_map,
    container,
    crashing,
    diagnose,
    endpoints,
    obj,
    running,
    said,
    secret,
)

HOST = "shared-pg-pooler-rw.platform-db.svc.cluster.local"


def cluster(*, ready: bool = True, phase: str = "Cluster in healthy state", **status):
    conditions = [
        {
            "type": "Ready",
            "status": "True" if ready else "False",
            "reason": "ClusterIsReady" if ready else "ClusterIsNotReady",
            "message": "Cluster is Ready" if ready else "Cluster Is Not Ready",
        }
    ]
    return obj(
        "postgresql.cnpg.io/v1",
        "Cluster",
        "shared-pg",
        "platform-db",
        spec={"instances": 2},
        status={
            "phase": phase,
            "readyInstances": 2 if ready else 0,
            "instances": 2,
            "writeService": "shared-pg-rw",
            "conditions": conditions,
            **status,
        },
    )


def server(*, ready: bool = True, **more):
    pods = App(
        "shared-pg", labels={"cnpg.io/cluster": "shared-pg", "cnpg.io/instanceRole": "primary"}, namespace="platform-db"
    )
    direct = pods.service(
        name="shared-pg-rw",
        selector={"cnpg.io/cluster": "shared-pg", "cnpg.io/instanceRole": "primary"},
        port=5432,
        target=5432,
    )
    pooler = pods.service(
        name="shared-pg-pooler-rw", selector={"cnpg.io/poolerName": "shared-pg-pooler-rw"}, port=5432, target=5432
    )
    pooler["spec"]["clusterIP"] = "10.43.8.4"
    made = obj(
        "postgresql.cnpg.io/v1", "Pooler", "shared-pg-pooler-rw", "platform-db", spec={"cluster": {"name": "shared-pg"}}
    )
    return [
        cluster(ready=ready, **more),
        direct,
        pooler,
        made,
        endpoints(direct, *pods.pods, ready=ready),
        endpoints(pooler, *pods.pods, ready=True),
    ]


def database(
    *,
    applied: bool = True,
    message: str = "",
    name: str = "labs-api",
    owner: str = "labs-api",
    called: str = "labs-api-db",
):
    return obj(
        "postgresql.cnpg.io/v1",
        "Database",
        called,
        "platform-db",
        made=ago(minutes=30),
        spec={"name": name, "owner": owner, "cluster": {"name": "shared-pg"}},
        status={"applied": applied, "message": message},
    )


def connecting(line: str, *, host: str = HOST, port: str = "5432") -> App:
    env = [{"name": "DB_HOST", "value": host}, {"name": "DB_PORT", "value": port}]
    app = App(containers=[container(env=env)])
    return app.state(crashing(app.spec["containers"][0])).log(line)


def test_wrong_credentials():
    found = diagnose(connecting('FATAL:  password authentication failed for user "labs-api"'), *server(), database())

    assert causes(found) == ["db-auth-failed"]
    assert "labs-api" in found.findings[0].title


def test_a_secret_newer_than_the_pod_is_told():
    app = connecting('FATAL:  password authentication failed for user "labs-api"')
    app.spec["containers"][0]["envFrom"] = app.workload["spec"]["template"]["spec"]["containers"][0]["envFrom"] = [
        {"secretRef": {"name": "labs-api-db-creds"}}
    ]
    found = diagnose(app, *server(), database(), secret("labs-api-db-creds", "DB_PASSWORD", made=ago(hours=1)))

    assert "after the pod started" in found.findings[0].detail


def test_mysql_credentials():
    assert causes(
        diagnose(connecting("ERROR 1045 (28000): Access denied for user 'shop'@'10.42.0.9' (using password: YES)"))
    ) == ["db-auth-failed"]


def test_a_wrong_port():
    found = diagnose(
        connecting(
            f'psycopg2.OperationalError: connection to server at "{HOST}" '
            "(10.43.8.4), port 6432 failed: Connection refused",
            port="6432",
        ),
        *server(),
        database(),
    )

    assert causes(found) == ["db-wrong-port"]
    assert "6432" in found.findings[0].title
    assert "5432" in found.findings[0].title


def test_a_wrong_host():
    found = diagnose(
        connecting(
            'psycopg2.OperationalError: could not translate host name "shared-pg" '
            "to address: Name or service not known",
            host="shared-pg",
        ),
        *server(),
    )

    assert causes(found) == ["db-host-unresolvable"]


def test_too_many_connections_in_a_crash():
    assert causes(diagnose(connecting("FATAL:  sorry, too many clients already"), *server(), database())) == [
        "db-too-many-connections"
    ]


def test_an_exhausted_pool_in_a_ready_program():
    app = App()
    app.log(
        "\n".join(
            f"2026-08-20T09:2{n}:30Z ERROR checkout: connection pool exhausted (size 10, 10 in use, 41 waiting)"
            for n in range(5, 10)
        )
    )
    found = diagnose(app)

    assert causes(found) == ["db-too-many-connections"]


def test_a_refused_connection_with_a_server_that_is_well():
    found = diagnose(connecting(f"Error: connect ECONNREFUSED {HOST}:5432"), *server(), database())

    assert causes(found) == ["db-connection-failed"]


def test_localhost_is_the_container_itself():
    found = diagnose(connecting("Error: connect ECONNREFUSED 127.0.0.1:5432", host="127.0.0.1"))

    assert causes(found) == ["db-connection-failed"]
    assert "the container itself" in found.findings[0].title


def test_a_cluster_without_a_primary():
    found = diagnose(
        connecting(f'connection to server at "{HOST}", port 5432 failed: server closed the connection unexpectedly'),
        *server(ready=False, phase="Not enough disk space"),
        database(),
    )

    assert causes(found) == ["database-cluster-down"]
    assert "Not enough disk space" in found.findings[0].title


def test_a_cluster_with_one_replica_missing_is_not_down():
    app = App(containers=[container(env=[{"name": "DB_HOST", "value": HOST}])])
    objects = server()
    objects[0]["status"]["readyInstances"] = 1

    assert causes(diagnose(app, *objects, database())) == []


def test_a_name_that_is_taken():
    app = connecting('FATAL:  password authentication failed for user "labs-api"')
    found = diagnose(
        app,
        *server(),
        database(applied=False, message='database "labs-api" is already managed by object "labs-old-db"'),
        database(called="labs-old-db"),
    )

    assert causes(found) == ["database-name-conflict"]
    assert "labs-old-db" in said(found)


def test_a_role_that_does_not_exist():
    found = diagnose(
        App(),
        *server(),
        database(
            applied=False,
            message='while creating database "labs-api": ERROR: role "labs-api" does not exist (SQLSTATE 42704)',
        ),
    )

    assert causes(found) == ["database-role-missing"]


def test_a_database_asked_for_seconds_ago_is_nothing():
    young = database()
    young["status"], young["metadata"]["creationTimestamp"] = {}, ago(seconds=20)

    assert causes(diagnose(App(), *server(), young)) == []


def test_a_neighbours_database_is_not_ours():
    assert (
        causes(
            diagnose(
                App(),
                *server(),
                database(
                    applied=False,
                    message='role "labs-x" does not exist',
                    name="labs-x",
                    owner="labs-x",
                    called="labs-x-db",
                ),
            )
        )
        == []
    )


def test_a_cache_that_refuses():
    app = App(containers=[container(env=[{"name": "REDIS_URL", "value": "redis://cache:6379/0"}])])
    app.state(crashing(app.spec["containers"][0])).log(
        "redis.exceptions.ConnectionError: Error 111 connecting to cache:6379. Connection refused."
    )

    assert causes(diagnose(app)) == ["db-connection-failed"]


def test_a_cache_whose_pods_are_gone_is_a_dependency():
    app = App(containers=[container(env=[{"name": "REDIS_URL", "value": "redis://cache:6379/0"}])])
    app.state(crashing(app.spec["containers"][0])).log(
        "redis.exceptions.ConnectionError: Error 111 connecting to cache:6379. Connection refused."
    )
    cache = App("cache", replicas=0)
    service = cache.service(port=6379, target=6379)
    found = diagnose(app, *cache.objects, service, endpoints(service))

    assert causes(found) == ["dependency-down"]
    assert "scaled to 0" in said(found)


def test_a_wrong_port_from_a_config_map():
    app = App(
        containers=[
            container(env=[{"name": "DB_PORT", "valueFrom": {"configMapKeyRef": {"name": "db", "key": "port"}}}])
        ]
    )
    app.state(crashing(app.spec["containers"][0])).log(f"dial tcp: failed: Error: connect ETIMEDOUT {HOST}:6432")

    assert "DB_PORT" in said(diagnose(app, config_map("db", port="6432"), *server(), database()))


def test_a_ready_program_is_left_alone():
    app = App()
    app.state(running(app.spec["containers"][0]), ready=True)

    assert diagnose(app, *server(), database()).healthy
