"""Argo CD as the sandbox has it: ApplicationSets and Applications over the real repository, charts and Helm."""
