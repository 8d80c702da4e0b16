"""Tokens that others issued: Dex through its published keys, GitHub by asking it. Nothing here keeps a token."""

from integrations.oidc.dex import DexClaims, DexTokenInvalid, DexVerifier, dex
from integrations.oidc.github import GitHubIdentity, github_identity

__all__ = ["DexClaims", "DexTokenInvalid", "DexVerifier", "GitHubIdentity", "dex", "github_identity"]
