"""Deployments, ReplicaSets, Endpoints and autoscalers: what kube-controller-manager does with them."""
