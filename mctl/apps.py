from django.apps import AppConfig
from django.core import checks


class MctlConfig(AppConfig):
    name = "mctl"

    def ready(self) -> None:
        from mctl.safety import deploy_findings
        from mctl.static_files import check_static_files

        checks.register(deploy_findings, checks.Tags.security, deploy=True)
        checks.register(check_static_files, checks.Tags.staticfiles, deploy=True)
