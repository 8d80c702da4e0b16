"""An image cannot be pulled: which of the registry's reasons it is."""

from collections.abc import Iterator

from diagnosis.choices import Verdict
from diagnosis.rules.facts.containers import Container, Trouble, containers_of, described
from diagnosis.rules.facts.events import Event
from diagnosis.rules.facts.objects import created, items, name, text_at
from diagnosis.rules.facts.rollout import still_serving
from diagnosis.rules.facts.scope import Scope
from diagnosis.rules.patterns.image_messages import image_cause
from diagnosis.rules.report import remedies
from diagnosis.rules.report.findings import Evidence, Finding, Remedy, field_fact, finding, ref
from diagnosis.rules.wording import listed, shown

PULL_WAITS = frozenset(
    {"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "RegistryUnavailable",
     "ImageInspectError", "SignatureValidationFailed"}
)  # fmt: skip
WORDS = {
    "image-pull-rate-limited": "the registry refuses because of its pull rate limit; the image and tag are right",
    "image-name-invalid": "the image name cannot be parsed",
    "image-registry-unreachable": "the registry cannot be reached from the node",
    "image-repository-not-found": "the repository does not exist, or is private and hidden",
    "image-pull-unauthorized": "the registry asks for credentials and the pull had none that it accepts",
    "image-tag-not-found": "the registry has no such tag",
    "exec-format-error": "the image was not built for the node's CPU architecture",
}


def check_images(scope: Scope) -> Iterator[Finding]:
    """One finding per image that a container of the newest pods waits for."""
    waiting: dict[str, list[Container]] = {}
    for container in scope.in_trouble(Trouble.WAITING):
        if container.waiting_reason in PULL_WAITS:
            waiting.setdefault(container.image, []).append(container)
    for image, containers in waiting.items():
        yield _judged(scope, image, containers)


def _judged(scope: Scope, image: str, containers: list[Container]) -> Finding:
    container = containers[0]
    message, event = _telling_message(scope, containers)
    cause = "image-name-invalid" if container.waiting_reason == "InvalidImageName" else image_cause(message)
    secrets = _pull_secrets(scope, container)
    if not cause and secrets.missing:
        cause = "image-pull-unauthorized"
    evidence = _evidence(container, message, event, secrets)
    pods = listed([name(entry.pod) for entry in containers])
    detail = (
        f"{described(container).capitalize()} of {pods} cannot start. {still_serving(scope)}{secrets.sentence(cause)}"
    )
    if not cause:
        title = (
            f"The image {image} is not on the node, and its pull policy is Never"
            if container.waiting_reason == "ErrImageNeverPull"
            else f"The image {image} cannot be pulled: {container.waiting_reason}; "
            "the registry's reason is no longer recorded"
        )
        return finding("image-pull-failing", title, detail, evidence, [remedies.roll_back(scope)], key=image)
    title = f"The image {image} cannot be pulled: {WORDS[cause]}"
    verdict = Verdict.CONFIRMED if message else Verdict.SUSPECTED
    options = _remedies(scope, cause, image)
    return finding(cause, title, detail + _hint(scope, cause, image), evidence, options, key=image, verdict=verdict)


def _telling_message(scope: Scope, containers: list[Container]) -> tuple[str, Event | None]:
    """The newest kubelet message that names a reason: the waiting message first, then events of the container."""
    for container in containers:
        if image_cause(container.waiting_message.replace(container.image, "")):
            return container.waiting_message, None
    for container in containers:
        for event in reversed(scope.events_of(container.pod)):
            about = event.container in {"", container.name}
            if about and event.reason in {"Failed", "InspectFailed"} and "pull image" in event.message.lower():
                return event.message, event
    return containers[0].waiting_message, None


class _PullSecrets:
    """The pod's image pull secrets: named and missing ones."""

    def __init__(self, named: list[str], missing: list[str]) -> None:
        self.named, self.missing = named, missing

    def sentence(self, cause: str) -> str:
        if cause not in {"image-pull-unauthorized", "image-repository-not-found"}:
            return ""
        if self.missing:
            return f" The pull secret {listed(self.missing)} it names does not exist."
        return "" if self.named else " The pod names no image pull secret."


def _pull_secrets(scope: Scope, container: Container) -> _PullSecrets:
    pod = container.pod
    named = [text_at(entry, "name") for entry in items(pod, "spec", "imagePullSecrets")]
    absent = [
        secret for secret in named
        if scope.snapshot.readable("Secret") and not scope.snapshot.get("Secret", scope.namespace, secret)
    ]  # fmt: skip
    if not scope.snapshot.readable("Secret"):
        told = [event for event in scope.events_of(pod) if event.reason == "FailedToRetrieveImagePullSecret"]
        absent = [secret for secret in named if any(f"{secret}" in event.message for event in told)]
    return _PullSecrets(named, absent)


def _evidence(container: Container, message: str, event: Event | None, secrets: _PullSecrets) -> list[Evidence]:
    path = f"status.containerStatuses[{container.name}].state.waiting"
    found = [
        field_fact(container.pod, f"{path}.reason", container.waiting_reason, f"waits with {container.waiting_reason}")
    ]
    if message:
        source = "event" if event else "object"
        when = event.last if event else None
        found.append(
            Evidence(source, "the registry's answer", ref(container.pod), f"{path}.message", shown(message), when, True)
        )
    found.append(
        field_fact(container.pod, f"spec.containers[{container.name}].image", container.image, "the image asked for")
    )
    if secrets.missing:
        found.append(
            field_fact(
                container.pod, "spec.imagePullSecrets", listed(secrets.named), "names a Secret that does not exist"
            )
        )
    return found


def split_image(image: str) -> tuple[str, str]:
    """("ghcr.io/acme/api", "1.9.0"); the tag is "" for none and the digest where one is given."""
    repository, at, digest = image.partition("@")
    head, colon, tag = repository.rpartition(":")
    if colon and "/" not in tag:
        return head, digest if at else tag
    return repository, digest


def _known_tags(scope: Scope, image: str) -> list[str]:
    """Tags of the same repository that ran or run here, newest ReplicaSet first."""
    repository, tag = split_image(image)
    owners = sorted(scope.replica_sets, key=lambda obj: str(created(obj)), reverse=True)
    images = [
        text_at(entry, "image") for obj in owners for entry in items(obj, "spec", "template", "spec", "containers")
    ]
    images += [
        entry.image for pod in scope.snapshot.all("Pod") for entry in containers_of(pod) if entry.status.get("imageID")
    ]
    tags = [split_image(other)[1] for other in images if split_image(other)[0] == repository]
    return [other for other in dict.fromkeys(tags) if other and other != tag]


def _hint(scope: Scope, cause: str, image: str) -> str:
    if cause != "image-tag-not-found":
        return ""
    tag, known = split_image(image)[1], _known_tags(scope, image)
    alike = [other for other in known if _folded(other) == _folded(tag)]
    if alike:
        return f" The tag {alike[0]} exists; tags are case-sensitive and {tag} is another one."
    return f" Tags that ran here: {listed(known)}." if known else " Tags are case-sensitive."


def _folded(tag: str) -> str:
    return tag.lower().removeprefix("v").replace("o", "0").replace("l", "1")


def _remedies(scope: Scope, cause: str, image: str) -> list[Remedy]:
    known = _known_tags(scope, image)
    back = [remedies.roll_back(scope, target_tag=known[0])] if known else []
    if cause == "image-tag-not-found":
        return [_deploy_known(scope, known), *back]
    if cause == "image-pull-unauthorized":
        return [remedies.grant_access(scope, image), *back]
    if cause == "image-repository-not-found":
        return [
            remedies.say("Deploy with the right image repository"),
            remedies.grant_access(scope, image),
            *back,
        ]
    if cause == "image-pull-rate-limited":
        return [
            remedies.say("Wait until the limit resets, or give the pull an account of the registry (image pull secret)")
        ]
    if cause == "image-registry-unreachable":
        return [remedies.ask_platform("check the registry's name and the nodes' way to it"), *back]
    if cause == "exec-format-error":
        return [remedies.say("Build the image for the nodes' architecture and deploy it"), *back]
    return [remedies.say("Deploy with a valid image name"), *back]


def _deploy_known(scope: Scope, known: list[str]) -> Remedy:
    if not known:
        return remedies.say("Deploy a tag that exists")
    return remedies.deploy(scope, f"Deploy {known[0]}, a tag that exists", image_tag=known[0])
