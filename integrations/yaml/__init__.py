"""YAML as Helm reads it, for every gateway that reads files of the GitOps repository."""
