from django.apps import AppConfig
from django.core import checks


class MctlConfig(AppConfig):
    name = "mctl"

    def ready(self) -> None:
        from mctl.collected import collected_findings
        from mctl.safety import deploy_findings

        checks.register(deploy_findings, checks.Tags.security, deploy=True)
        checks.register(collected_findings, checks.Tags.staticfiles, deploy=True)
