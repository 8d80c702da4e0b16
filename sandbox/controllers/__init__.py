"""The sandbox's controllers: what a cluster's own machinery does, as plain clients of its API.

They list, watch and write over HTTPS with a kubeconfig and know nothing of the server at the other end, so the same
processes run against the embedded API and against a real one.
"""
