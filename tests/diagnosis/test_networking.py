"""Services, Ingresses, network policies, DNS and dependencies."""

from tests.diagnosis.builders import (
    App,
    ago,
    causes,
    container,
    crashing,
    diagnose,
    endpoints,
    http_probe,
    ingress,
    ingress_class,
    namespace,
    policy,
    running,
    said,
    secret,
)


def test_a_selector_that_matches_nothing():
    app = App()
    found = diagnose(app, app.service(selector={"app": "apii"}))

    assert causes(found) == ["service-selector-mismatch"]
    assert "app=apii" in said(found)
    assert "app=api" in said(found)


def test_a_selector_of_a_service_scaled_to_zero_is_not_judged_by_pods():
    app = App(replicas=0)

    assert causes(diagnose(app, app.service())) == []


def test_a_headless_neighbour_is_not_ours():
    app, other = App(), App("other")

    assert causes(diagnose(app, app.service(), other.service(selector={"app": "gone"}), *other.objects)) == []


def test_a_named_port_nobody_declares():
    app = App()
    found = diagnose(app, app.service(target="web"))

    assert causes(found) == ["service-port-mismatch"]
    assert "web" in said(found)


def test_a_second_metrics_port_is_no_mismatch():
    app = App()
    service = app.service()
    service["spec"]["ports"].append({"name": "metrics", "port": 9090, "targetPort": 9090})

    assert causes(diagnose(app, service)) == []


def test_an_undeclared_port_that_the_log_names_is_right():
    app = App(containers=[container(ports=[])])
    app.log("Listening on 0.0.0.0:3000")

    assert causes(diagnose(app, app.service(target=3000))) == []


def test_without_probes_the_log_tells_that_the_program_listens_elsewhere():
    app = App(containers=[container()])
    app.log("server listening on :3000")
    found = diagnose(app, app.service())

    assert causes(found) == ["app-listens-on-other-port"]
    assert "3000" in said(found)


def test_without_probes_the_log_tells_that_the_program_listens_on_localhost():
    app = App(containers=[container()])
    app.log("Listening at http://127.0.0.1:8080")

    assert causes(diagnose(app, app.service())) == ["app-listens-on-localhost"]


def test_an_ingress_to_a_service_that_does_not_exist():
    app = App()
    found = diagnose(app, app.service(), ingress("api", "api-svc"), ingress_class())

    assert causes(found) == ["ingress-service-missing"]
    assert "api-svc" in said(found)


def test_an_ingress_to_a_port_the_service_does_not_offer():
    app = App()
    found = diagnose(app, app.service(), ingress("api", "api", port={"number": 8081}), ingress_class())

    assert causes(found) == ["ingress-service-missing"]
    assert "8081" in said(found)


def test_a_class_that_does_not_exist():
    app = App()
    found = diagnose(app, app.service(), ingress("api", "api", class_name="nginx-internal"), ingress_class())

    assert causes(found) == ["ingress-class-missing"]
    assert "nginx-internal" in said(found)


def test_no_class_and_no_default():
    app = App()
    entry = ingress("api", "api", class_name=None)
    entry["status"] = {}

    assert causes(diagnose(app, app.service(), entry, ingress_class(default=False))) == ["ingress-class-missing"]


def test_no_class_with_a_default_is_well():
    app = App()

    assert causes(diagnose(app, app.service(), ingress("api", "api", class_name=None), ingress_class())) == []


def test_two_paths_of_one_host_are_no_conflict():
    app, other = App(), App("docs")
    docs = ingress("docs", "docs")
    docs["spec"]["rules"][0]["http"]["paths"][0]["path"] = "/docs"

    assert (
        causes(
            diagnose(app, app.service(), ingress("api", "api"), ingress_class(), *other.objects, other.service(), docs)
        )
        == []
    )


def test_one_host_in_two_classes_is_no_conflict():
    app, other = App(), App("other")

    assert (
        causes(
            diagnose(
                app,
                app.service(),
                ingress("api", "api"),
                ingress_class(),
                ingress_class("internal", default=False),
                other.service(),
                ingress("other", "other", class_name="internal"),
            )
        )
        == []
    )


def test_a_tls_secret_nobody_makes():
    app = App()
    found = diagnose(
        app,
        app.service(),
        ingress("api", "api", tls=[{"hosts": ["api.example.dev"], "secretName": "api-tls"}]),
        ingress_class(),
    )

    assert causes(found) == ["ingress-tls-secret-missing"]
    assert "api-tls" in said(found)


def test_a_tls_secret_that_exists_is_well():
    app = App()

    assert (
        causes(
            diagnose(
                app,
                app.service(),
                ingress("api", "api", tls=[{"hosts": ["api.example.dev"], "secretName": "api-tls"}]),
                ingress_class(),
                secret("api-tls", "tls.crt"),
            )
        )
        == []
    )


def looking_up(line: str = "Error: getaddrinfo EAI_AGAIN payments", **more) -> App:
    app = App(containers=[container(env=[{"name": "PAYMENTS_HOST", "value": "payments"}])], **more)
    return app.state(crashing(app.spec["containers"][0])).log(line)


def test_a_policy_that_denies_dns():
    found = diagnose(looking_up(), policy("default-deny-egress", {}, types=("Egress",)))

    assert causes(found) == ["network-policy-blocks-dns"]
    assert "default-deny-egress" in said(found)


def test_a_policy_that_lets_dns_out_is_not_blamed():
    allow = policy(
        "allow-dns",
        {},
        types=("Egress",),
        egress=[
            {
                "to": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}}],
                "ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}],
            }
        ],
    )
    found = diagnose(
        looking_up("Error: getaddrinfo ENOTFOUND payments"), policy("default-deny", {}, types=("Egress",)), allow
    )

    assert causes(found) == ["hostname-unresolvable"]


def dns(ready: bool):
    server = App("coredns", labels={"k8s-app": "kube-dns"}, namespace="kube-system")
    service = server.service(name="kube-dns")
    if not ready:
        server.state(crashing(server.spec["containers"][0]))
    return [*server.objects, service, endpoints(service, *server.pods, ready=ready)]


def test_dns_without_a_ready_server():
    found = diagnose(looking_up(), *dns(ready=False))

    assert causes(found) == ["cluster-dns-down"]
    assert "coredns" in said(found)


def test_a_host_that_does_not_exist():
    found = diagnose(
        looking_up("curl: (6) Could not resolve host: payments"),
        *dns(ready=True),
        App("pay").service(name="payments-api"),
    )

    assert causes(found) == ["hostname-unresolvable"]
    assert "PAYMENTS_HOST" in said(found)
    assert "payments-api" in said(found)


def dependency(ready: bool = True, **more):
    other = App("inventory", labels={"app": "inventory"}, **more)
    if not ready:
        other.state(crashing(other.spec["containers"][0], 137, "OOMKilled"))
    service = other.service(port=8080, target="http")
    service["spec"]["clusterIP"] = "10.43.0.99"
    return other, [*other.objects, service, endpoints(service, *other.pods, ready=ready)]


def calling(line: str, **more) -> App:
    app = App(
        containers=[
            container(env=[{"name": "INVENTORY_URL", "value": "http://inventory:8080"}], readinessProbe=http_probe())
        ],
        **more,
    )
    return app.state(crashing(app.spec["containers"][0])).log(line)


def test_a_dependency_that_is_down():
    _, others = dependency(ready=False)
    found = diagnose(
        calling(
            "requests.exceptions.ConnectionError: HTTPConnectionPool(host='inventory', port=8080): "
            "Max retries exceeded with url: / (Caused by NewConnectionError: Connection refused)"
        ),
        *others,
    )

    assert causes(found) == ["dependency-down"]
    assert "inventory" in said(found)
    assert "OOMKilled" in said(found)


def test_a_dependency_told_by_its_cluster_address():
    _, others = dependency(ready=False)

    assert causes(diagnose(calling("dial tcp 10.43.0.99:8080: connect: connection refused"), *others)) == [
        "dependency-down"
    ]


def test_a_policy_that_does_not_admit_the_caller():
    _, others = dependency()
    wall = policy(
        "inventory-only-web",
        {"matchLabels": {"app": "inventory"}},
        ingress=[{"from": [{"podSelector": {"matchLabels": {"app": "web"}}}]}],
    )
    found = diagnose(calling("Error: connect ETIMEDOUT 10.43.0.99:8080"), *others, wall)

    assert causes(found) == ["network-policy-blocks-traffic"]
    assert "inventory-only-web" in said(found)


def test_a_policy_that_admits_the_caller_is_not_blamed():
    _, others = dependency()
    open_ = policy(
        "inventory-from-api",
        {"matchLabels": {"app": "inventory"}},
        ingress=[{"from": [{"podSelector": {"matchLabels": {"app": "api"}}}]}],
    )

    assert "network-policy-blocks-traffic" not in causes(
        diagnose(calling("Error: connect ETIMEDOUT 10.43.0.99:8080"), *others, open_)
    )


def test_a_ready_service_that_keeps_out_its_ingress_controller():
    app = App()
    controller = App("traefik", labels={"app.kubernetes.io/name": "traefik"}, namespace="traefik")
    wall = policy("default-deny", {})
    found = diagnose(
        app, app.service(), ingress("api", "api"), ingress_class(), *controller.objects, namespace("traefik"), wall
    )

    assert causes(found) == ["network-policy-blocks-traffic"]
    assert "default-deny" in said(found)


def test_errors_repeated_by_a_ready_program_are_a_warning():
    app = App(
        containers=[
            container(env=[{"name": "INVENTORY_URL", "value": "http://inventory:8080"}], readinessProbe=http_probe())
        ]
    )
    _, others = dependency(ready=False)
    app.log(
        "\n".join(
            f"2026-08-20T09:2{n}:00Z ERROR GET http://inventory:8080/items failed: connection refused"
            for n in range(4, 10)
        )
    )
    found = diagnose(app, *others)

    assert causes(found) == ["dependency-down"]
    assert found.findings[0].severity == "warning"


def test_errors_followed_by_better_news_are_nothing():
    app = App(
        containers=[
            container(env=[{"name": "INVENTORY_URL", "value": "http://inventory:8080"}], readinessProbe=http_probe())
        ]
    )
    _, others = dependency()
    lines = [
        f"2026-08-20T09:1{n}:00Z ERROR GET http://inventory:8080/items failed: connection refused" for n in range(5)
    ]
    app.log("\n".join([*lines, "2026-08-20T09:20:00Z INFO reconnected to inventory"]))

    assert causes(diagnose(app, *others)) == []


def test_errors_of_hours_ago_are_nothing():
    app = App()
    app.log(
        "\n".join(
            f"2026-08-20T0{n}:00:00Z ERROR could not connect to redis at cache:6379: Connection refused"
            for n in range(1, 7)
        )
    )

    assert causes(diagnose(app)) == []


def test_an_init_container_that_waits_for_a_database_without_end():
    app = App(
        initContainers=[
            container(
                "wait-for-db", "busybox:1", ports=[], command=["sh", "-c", "until nslookup orders-db; do sleep 2; done"]
            )
        ]
    )
    app.state(running(app.spec["initContainers"][0], ago(minutes=20), ready=False), name="wait-for-db")
    app.log("** server can't find orders-db.labs.svc.cluster.local: NXDOMAIN\nwaiting\n" * 5, name="wait-for-db")
    found = diagnose(app)

    assert causes(found)[0] in {"db-host-unresolvable", "hostname-unresolvable"}
    assert "orders-db" in said(found)


def test_a_ready_client_that_only_times_out_is_told_the_policy():
    command = ["sh", "-c", "while true; do curl -m 5 http://inventory:8080/; sleep 5; done"]
    app = App(containers=[container(command=command, ports=[])])
    app.log("curl: (28) Connection timed out after 5001 milliseconds\n" * 5)
    _, others = dependency()
    found = diagnose(app, *others, policy("deny-all", {"matchLabels": {"app": "inventory"}}))

    assert causes(found) == ["network-policy-blocks-traffic"]
    assert "deny-all" in said(found)
