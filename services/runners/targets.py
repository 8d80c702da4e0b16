"""Where a rollback returns to: the version before, one that is named, or the file of a commit."""

from collections.abc import Mapping

from integrations.errors import Missing
from integrations.gitops import FileText, gitops
from operations.registry import Ended, Offer
from services.errors import refused
from services.queries import current_tag, versions_run
from services.runners.parameters import RollbackServiceParameters, ServiceParameters

COMMITS_SEARCHED = 200
MOST_NAMED = 5


def target(parameters: ServiceParameters) -> dict[str, str]:
    """`{"target_tag": "1.4.1"}` or `{"revision": "4be07d1..."}` of a rollback, {} of anything else.

    Raises Invalid for a version that has not run and for a commit that does not hold the service.
    """
    if not isinstance(parameters, RollbackServiceParameters):
        return {}
    if parameters.revision:
        return {"revision": commit_of_history(parameters).revision}
    ran = [version.tag for version in versions_run(parameters.team_name, parameters.component_name)]
    before = [tag for tag in ran if tag != current_tag(parameters.team_name, parameters.component_name)]
    if parameters.target_tag:
        refuse_what_never_ran(parameters.target_tag, ran)
        return {"target_tag": parameters.target_tag}
    if not before:
        sentence = f"No other version of {parameters.component_name} has run, as far as git tells."
        raise refused("target_tag", "", sentence, remedy="Deploy the version you want instead.")
    return {"target_tag": before[0]}


def refuse_what_never_ran(tag: str, ran: list[str]) -> None:
    if tag not in ran:
        known = f"It has run {', '.join(ran[:MOST_NAMED])}." if ran else "None is known to have run."
        sentence = f"{tag} is not a version that this service has run. {known}"
        remedy = "Choose one that has run, or deploy it as a new version."
        raise refused("target_tag", tag, sentence, example=next(iter(ran), ""), remedy=remedy)


def with_target(parameters: ServiceParameters, aim: Mapping[str, str]) -> ServiceParameters:
    """The parameters with what they leave to us filled in."""
    return parameters.model_copy(update=dict(aim)) if aim else parameters


def commit_of_history(parameters: RollbackServiceParameters) -> FileText:
    """The values file at the commit that is named, by its full id or the beginning of it."""
    revision = parameters.revision or ""
    path = gitops().service_path(parameters.team_name, parameters.component_name)
    commits = gitops().history(path, limit=COMMITS_SEARCHED)
    whole = next((commit.sha for commit in commits if commit.sha.startswith(revision)), revision)
    try:
        if gitops().contains(gitops().head(), whole):
            return gitops().file_at(path, whole)
    except Missing:
        pass
    sentence = f"{revision[:7]} is no commit that holds this service."
    example = commits[1].sha[:7] if len(commits) > 1 else ""
    raise refused("revision", revision, sentence, example=example, remedy="Choose one of its history.")


def rollback_of(ended: Ended) -> Offer | None:
    """The rollback to the file as it was before the commit. A service that was only just added has none."""
    before = ended.commit.get("before", "")
    about = {"team_name": ended.target.tenant, "component_name": ended.target.service, "revision": before}
    label = f"Revert {ended.commit['sha'][:7]}"
    return Offer(label, RollbackServiceParameters.operation, about) if before else None
