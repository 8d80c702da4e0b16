"""Secrets and ConfigMaps that pods name and that are not there."""

import pytest

from tests.diagnosis.builders import (
    App,
    ago,
    causes,
    config_map,
    container,
    diagnose,
    event,
    obj,
    said,
    secret,
    waiting,
)


def refused(message: str, **container_spec) -> App:
    app = App(containers=[container(**container_spec)])
    return app.state(waiting(app.spec["containers"][0], "CreateContainerConfigError", message))


def test_a_missing_secret():
    found = diagnose(refused('secret "api-secrets" not found'))

    assert causes(found) == ["secret-missing"]
    assert "api-secrets" in said(found)


def test_a_secret_in_another_namespace_is_pointed_out():
    found = diagnose(refused('secret "api-secrets" not found'), secret("api-secrets", "K", namespace="other"))

    assert "other" in found.findings[0].detail


def test_a_config_map_of_the_same_name_is_pointed_out():
    assert (
        "ConfigMap of that name"
        in diagnose(refused('secret "api-conf" not found'), config_map("api-conf", a="b")).findings[0].detail
    )


def test_a_missing_config_map():
    assert causes(diagnose(refused('configmap "api-config" not found'))) == ["configmap-missing"]


def test_a_missing_key_of_a_config_map():
    found = diagnose(
        refused("couldn't find key LOG_LEVEL in ConfigMap labs/api-config"), config_map("api-config", LOGLEVEL="info")
    )

    assert causes(found) == ["configmap-missing"]
    assert "LOG_LEVEL" in said(found)


def test_a_volume_of_a_missing_secret():
    app = App(volumes=[{"name": "tls", "secret": {"secretName": "api-tls"}}]).creating()
    mount = event(app.pod, "FailedMount", 'MountVolume.SetUp failed for volume "tls" : secret "api-tls" not found')

    assert causes(diagnose(app, mount)) == ["secret-missing"]


def test_a_volume_of_a_missing_config_map_key():
    app = App(
        volumes=[{"name": "conf", "configMap": {"name": "api-config", "items": [{"key": "a.yaml", "path": "a.yaml"}]}}]
    ).creating()
    mount = event(
        app.pod,
        "FailedMount",
        'MountVolume.SetUp failed for volume "conf" : configmap references non-existent config key: a.yaml',
    )
    found = diagnose(app, mount, config_map("api-config", **{"b.yaml": ""}))

    assert causes(found) == ["configmap-missing"]
    assert "api-config" in said(found)


def test_a_mount_that_failed_once_and_works_now_is_nothing():
    app = App(made=ago(minutes=20))
    mount = event(
        app.pod, "FailedMount", 'MountVolume.SetUp failed for volume "tls" : secret "api-tls" not found', minutes=19
    )

    assert causes(diagnose(app, mount)) == []


@pytest.mark.parametrize(
    "message",
    [
        'container has runAsNonRoot and image will run as root (pod: "api", container: api)',
        "container has runAsNonRoot and image has non-numeric user (node), cannot verify user is non-root",
        "container's runAsUser breaks non-root policy",
    ],
)
def test_run_as_non_root_refused_by_the_kubelet(message: str):
    found = diagnose(refused(message, securityContext={"runAsNonRoot": True}))

    assert causes(found) == ["container-user-not-permitted"]
    labels = [remedy.label for remedy in found.findings[0].remedies]
    assert "podSecurityContext: {runAsUser: 1000}" in labels[0]
    assert "podSecurityContext: {runAsNonRoot: false}" in labels[1]


def external(
    name: str, *, ready: str, reason: str, message: str, key: str = "teams/labs/api", store: str = "tenant-store"
):
    data = [{"secretKey": "TOKEN", "remoteRef": {"key": key, "property": "token"}}]
    status = {
        "conditions": [
            {
                "type": "Ready",
                "status": ready,
                "reason": reason,
                "message": message,
                "lastTransitionTime": ago(minutes=30),
            }
        ]
    }
    return obj(
        "external-secrets.io/v1",
        "ExternalSecret",
        name,
        spec={"data": data, "secretStoreRef": {"kind": "SecretStore", "name": store}, "target": {"name": name}},
        status=status,
    )


def store(name: str = "tenant-store", *, ready: str = "True", reason: str = "Valid", message: str = "store validated"):
    spec = {
        "provider": {
            "vault": {"server": "http://vault.vault:8200", "auth": {"kubernetes": {"role": "eso-tenant-labs"}}}
        }
    }
    return obj(
        "external-secrets.io/v1",
        "SecretStore",
        name,
        spec=spec,
        status={"conditions": [{"type": "Ready", "status": ready, "reason": reason, "message": message}]},
    )


def without_secret(event_message: str, *objs, **more):
    app = refused('secret "api-secrets" not found', envFrom=[{"secretRef": {"name": "api-secrets"}}])
    made = external(
        "api-secrets",
        ready="False",
        reason="SecretSyncedError",
        message="could not get secret data from provider",
        **more,
    )
    return diagnose(app, made, event(made, "UpdateFailed", event_message), *objs)


def test_vault_refuses():
    found = without_secret(
        "error processing spec.data[0] (key: teams/labs/api), err: cannot read secret data "
        "from Vault: Code: 403. Errors:\n\n\t* permission denied",
        store(),
    )

    assert causes(found) == ["vault-permission-denied"]
    assert "teams/labs/api" in said(found)
    assert found.findings[0].consequences[0].cause == "secret-missing"


def test_the_path_does_not_exist():
    found = without_secret("error processing spec.data[0] (key: teams/labs/api), err: Secret does not exist", store())

    assert causes(found) == ["vault-key-missing"]
    assert "teams/labs/api" in said(found)


def test_the_property_does_not_exist():
    found = without_secret(
        'error processing spec.data[0] (key: teams/labs/api), err: cannot find secret data for key: "token"', store()
    )

    assert causes(found) == ["vault-key-missing"]
    assert "token" in found.findings[0].title


def test_the_store_cannot_log_in():
    bad = store(
        ready="False",
        reason="InvalidProviderConfig",
        message="unable to log in with Kubernetes auth: Code: 403. Errors: permission denied",
    )
    found = without_secret('could not get provider client: SecretStore "tenant-store" is not ready', bad)

    assert causes(found) == ["secret-store-not-ready"]
    assert "tenant-store" in found.findings[0].title


def test_a_sealed_vault_is_the_stores_trouble():
    assert causes(without_secret("error: Code: 503. Errors: * Vault is sealed", store())) == ["secret-store-not-ready"]


def test_a_refresh_that_failed_once_and_is_synced_again_is_nothing():
    app = App(containers=[container(envFrom=[{"secretRef": {"name": "api-secrets"}}])])
    made = external("api-secrets", ready="True", reason="SecretSynced", message="Secret was synced")

    assert (
        causes(
            diagnose(
                app,
                made,
                store(),
                secret("api-secrets", "TOKEN"),
                event(made, "UpdateFailed", "Code: 403 permission denied", minutes=40),
            )
        )
        == []
    )


def test_a_refresh_that_fails_while_the_old_secret_serves_is_a_warning():
    app = App(containers=[container(envFrom=[{"secretRef": {"name": "api-secrets"}}])])
    made = external(
        "api-secrets", ready="False", reason="SecretSyncedError", message="could not get secret data from provider"
    )
    found = diagnose(
        app, made, store(), secret("api-secrets", "TOKEN"), event(made, "UpdateFailed", "Code: 403 permission denied")
    )

    assert causes(found) == ["vault-permission-denied"]
    assert found.findings[0].severity == "warning"


def test_a_neighbours_external_secret_is_not_ours():
    made = external("other-secrets", ready="False", reason="SecretSyncedError", message="Code: 403 permission denied")

    assert causes(diagnose(App(), made, store())) == []
