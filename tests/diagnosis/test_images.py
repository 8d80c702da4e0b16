"""Images: every reason of a registry, and pulls that are no trouble any more."""

# ruff: noqa: E501 - messages stand as the systems write them

import pytest

from tests.diagnosis.builders import App, ago, causes, container, diagnose, event, notices, said, secret, waiting

REFUSALS = {
    "image-tag-not-found": [
        'failed to pull and unpack image "ghcr.io/acme/api:1.9.O": failed to resolve reference "ghcr.io/acme/api:1.9.O": ghcr.io/acme/api:1.9.O: not found',
        'rpc error: code = NotFound desc = failed to pull and unpack image "docker.io/library/nginx:1.99": failed to resolve reference "docker.io/library/nginx:1.99": docker.io/library/nginx:1.99: not found',
        "manifest for registry.example.dev/acme/api:1.9.O not found: manifest unknown: manifest unknown",
        'failed to resolve reference "ghcr.io/acme/api@sha256:0000": ghcr.io/acme/api@sha256:0000: not found',
    ],
    "image-repository-not-found": [
        'failed to pull and unpack image "docker.io/acme/apii:1": failed to resolve reference "docker.io/acme/apii:1": pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed',
        "name unknown: The repository with name 'acme/apii' does not exist in the registry with id '123456789012'",
        'failed to resolve reference "europe-docker.pkg.dev/p/r/apii:1": failed to authorize: NAME_UNKNOWN: Repository "r" not found',
    ],
    "image-pull-unauthorized": [
        'failed to resolve reference "ghcr.io/acme/private:1": failed to authorize: failed to fetch anonymous token: unexpected status from GET request to https://ghcr.io/token?scope=repository%3Aacme%2Fprivate%3Apull&service=ghcr.io: 401 Unauthorized',
        'failed to resolve reference "registry.example.dev/api:1": unexpected status from HEAD request to https://registry.example.dev/v2/api/manifests/1: 403 Forbidden',
        "no basic auth credentials",
    ],
    "image-registry-unreachable": [
        'failed to do request: Head "https://registry.internal.example/v2/api/manifests/1": dial tcp: lookup registry.internal.example on 10.43.0.10:53: no such host',
        'failed to do request: Head "https://registry.example.dev/v2/api/manifests/1": dial tcp 10.9.9.9:443: i/o timeout',
        'failed to do request: Head "https://registry.example.dev/v2/": tls: failed to verify certificate: x509: certificate signed by unknown authority',
        'failed to do request: Head "https://registry:5000/v2/": http: server gave HTTP response to HTTPS client',
    ],
    "image-pull-rate-limited": [
        "429 Too Many Requests - Server message: toomanyrequests: You have reached your pull rate limit."
    ],
    "exec-format-error": [
        'failed to pull and unpack image "ghcr.io/acme/api:1": no match for platform in manifest: not found'
    ],
}


@pytest.mark.parametrize(
    ("cause", "message"), [(cause, message) for cause, rows in REFUSALS.items() for message in rows]
)
def test_the_registrys_answer_names_the_cause(cause: str, message: str):
    app = App()
    app.state(
        waiting(app.spec["containers"][0], "ImagePullBackOff", f'Back-off pulling image "x": ErrImagePull: {message}')
    )

    found = diagnose(app)

    assert causes(found) == [cause]
    assert "ghcr.io/acme/api:1.4.0" in said(found)


def test_older_kubelets_tell_the_reason_in_an_event_only():
    app = App()
    app.state(waiting(app.spec["containers"][0], "ImagePullBackOff", 'Back-off pulling image "ghcr.io/acme/api:1.4.0"'))
    pulled = event(
        app.pod,
        "Failed",
        'Failed to pull image "ghcr.io/acme/api:1.4.0": ghcr.io/acme/api:1.4.0: not found',
        container="api",
    )

    assert causes(diagnose(app, pulled)) == ["image-tag-not-found"]


def test_without_any_reason_left_only_the_symptom_is_claimed():
    app = App()
    app.state(waiting(app.spec["containers"][0], "ImagePullBackOff", 'Back-off pulling image "ghcr.io/acme/api:1.4.0"'))

    assert causes(diagnose(app)) == ["image-pull-failing"]


def test_a_missing_pull_secret_is_named():
    app = App(imagePullSecrets=[{"name": "ghcr-credentials"}])
    app.state(waiting(app.spec["containers"][0], "ErrImagePull", "401 Unauthorized"))

    found = diagnose(app)

    assert causes(found) == ["image-pull-unauthorized"]
    assert "ghcr-credentials" in said(found)


def test_an_existing_pull_secret_is_not_called_missing():
    app = App(imagePullSecrets=[{"name": "ghcr-credentials"}])
    app.state(waiting(app.spec["containers"][0], "ErrImagePull", "401 Unauthorized"))

    assert "does not exist" not in said(diagnose(app, secret("ghcr-credentials", ".dockerconfigjson")))


def test_an_upper_case_name_is_invalid():
    app = App(containers=[container(image="ghcr.io/Acme/Api:1")])
    app.state(
        waiting(
            app.spec["containers"][0],
            "InvalidImageName",
            'Failed to apply default image tag "ghcr.io/Acme/Api:1": couldn\'t parse image name: invalid reference format: repository name must be lowercase',
        )
    )

    found = diagnose(app)

    assert causes(found) == ["image-name-invalid"]
    assert "ghcr.io/Acme/Api:1" in found.findings[0].title


def test_an_init_containers_image_counts_too():
    app = App(initContainers=[container("migrate", "ghcr.io/acme/migrate:9", ports=[])])
    app.state(
        waiting(app.spec["initContainers"][0], "ErrImagePull", "ghcr.io/acme/migrate:9: not found"), name="migrate"
    )

    found = diagnose(app)

    assert causes(found) == ["image-tag-not-found"]
    assert "ghcr.io/acme/migrate:9" in said(found)


def test_a_tag_that_differs_in_case_is_pointed_out():
    app, other = (
        App(containers=[container(image="ghcr.io/acme/api:1.9.O")]),
        App("twin", containers=[container("twin", "ghcr.io/acme/api:1.9.0")]),
    )
    app.state(waiting(app.spec["containers"][0], "ImagePullBackOff", "ghcr.io/acme/api:1.9.O: not found"))

    found = diagnose(app, *other.objects)

    assert "1.9.0 exists" in said(found)
    assert found.findings[0].remedies[0].params["image_tag"] == "1.9.0"


def test_a_pull_that_failed_before_and_works_now_is_nothing():
    app = App(made=ago(minutes=30))
    old = event(
        app.pod,
        "Failed",
        'Failed to pull image "ghcr.io/acme/api:1.4.0": 429 Too Many Requests',
        minutes=25,
        container="api",
    )

    found = diagnose(app, old)

    assert causes(found) == []
    assert found.healthy


def test_a_neighbours_bad_image_is_not_ours():
    app, other = App(), App("other")
    other.state(waiting(other.spec["containers"][0], "ImagePullBackOff", "not found"))

    found = diagnose(app, *other.objects)

    assert causes(found) == notices(found) == []
