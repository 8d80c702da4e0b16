"""Values for the styleguide: every component in every state, with the longest and the emptiest of each."""

from datetime import timedelta
from typing import Any

from django import forms, template

from core import clock
from core.words import Health, StatusWord, Sync, Tone

register = template.Library()

LONG = "statement-renderer-for-the-quarterly-archive-of-2025"
DIFF = """--- a/values.yaml
+++ b/values.yaml
@@ -2,4 +2,4 @@
 image:
   repository: ghcr.io/acme/checkout-web
-  tag: "5.0.4"
+  tag: "5.1.0"
 replicaCount: 4
"""
FIELD = "status.containerStatuses[app].lastState.terminated.reason"
LOG = [
    "12:04:51 Started container app",
    "12:04:58 WARN pool nearly exhausted, 48 of 50 in use",
    "12:05:02 ERROR readiness probe failed: HTTP status 503",
    '{"level":"info","msg":"a field that says error is no error when the level is info"}',
    "12:05:09 <b>markup</b> from a program stays text, " + "and a long line scrolls inside the log " * 4,
]


class Word(StatusWord):
    PENDING = "pending", Tone.UNKNOWN
    QUEUED = "queued", Tone.BUSY
    RUNNING = "running", Tone.BUSY
    SUCCEEDED = "succeeded", Tone.OK
    FAILED = "failed", Tone.BAD
    CANCELLED = "cancelled", Tone.IDLE
    STALLED = "stalled", Tone.BAD


class SampleForm(forms.Form):
    image_tag = forms.CharField(label="Version (image tag)", help_text="the version to run; tags are case-sensitive")
    env_vars = forms.CharField(label="Environment to set", required=False, widget=forms.Textarea(attrs={"rows": 3}))
    kind = forms.ChoiceField(label="Type", choices=[("base-service", "base-service"), ("worker", "worker-service")])
    skip = forms.BooleanField(label="No health checks", required=False, help_text="run without probes")

    def clean_image_tag(self) -> str:
        raise forms.ValidationError("Use a tag without spaces or colons. Example: 1.4.2")


@register.simple_tag
def samples() -> dict[str, Any]:
    return {
        "words": [*Health, *Sync, *Word],
        "tones": list(Tone),
        "finding": finding("confirmed", "problem"),
        "suspicion": finding("suspected", "warning"),
        "notice": {**finding("confirmed", "notice"), "evidence": [], "remedies": [], "consequences": []},
        "checked": [
            checked("Crash by the program itself", "ruled_out", "exit 137 by OOMKilled"),
            checked("Readiness probe", "ruled_out", "/readyz answers 200"),
            checked("Memory over time", "could_not_tell", "no metrics source is configured"),
        ],
        "steps": steps(),
        "diff": DIFF,
        "log": LOG,
        "meters": [
            {"label": "CPU requests", "used": "2.4", "hard": "4 cores", "percent": 60, "tone": "ok"},
            {"label": "Memory limits", "used": "7.4 GiB", "hard": "8 GiB", "percent": 93, "tone": "warn"},
            {"label": "Pods", "used": "25", "hard": "25", "percent": 100, "tone": "bad"},
        ],
        "chips": [chip("", "All", 8, pressed=True), chip("Degraded", "Degraded", 2), chip("Healthy", "Healthy", 6)],
        "facts": [
            {"label": "Version", "value": "2.8.1", "mono": True, "note": "was 2.8.0"},
            {"label": "Address", "value": f"payments-{LONG}.apps.example.dev", "url": "#facts"},
            {"label": "Replicas", "value": 0},
            {"label": "Left out", "value": ""},
        ],
        "sources": [source("GitOps repository", 4), source("Pods", 540, "connection refused"), source("Loki", None)],
        "problems": problems(),
        "empty_form": SampleForm(),
        "wrong_form": SampleForm({"image_tag": "1 4"}, auto_id="wrong_%s"),
        "moments": [clock.now() - timedelta(seconds=seconds) for seconds in (2, 90, 7200, 300_000, 90_000_000, -540)],
        "durations": [0.2, 38, 134, 3900, 100_000],
        "long": LONG,
    }


def finding(verdict: str, severity: str) -> dict[str, Any]:
    pod = {"kind": "Pod", "namespace": "payments", "name": f"payments-{LONG}-7c9d5b7f4-x2f4q"}
    words = {"field": "", "value": "", "time": None, "untrusted": False}
    return {
        "verdict": verdict,
        "severity": severity,
        "title": "Killed for memory (OOMKilled)",
        "detail": "Both new pods were ended by the kernel when they passed 256Mi. Version 2.8.0 ran within it.",
        "evidence": [
            {
                **words,
                "source": "object",
                "object": pod,
                "fact": "killed, out of memory",
                "field": FIELD,
                "value": "OOMKilled",
            },
            {**words, "source": "git 9f31c2e", "object": None, "fact": "image.tag 2.8.0 → 2.8.1", "time": clock.now()},
            {**words, "source": "log", "object": None, "fact": "fatal: heap exhausted", "untrusted": True},
        ],
        "remedies": [
            {"label": "Raise the limit to 512Mi", "operation": "scale-service", "params": {"memory_limit": "512Mi"}},
            {"label": "Roll back to 2.8.0", "operation": "rollback-service", "params": {"target_tag": "2.8.0"}},
            {"label": "Look for a leak in what 2.8.1 changed.", "params": {}},
        ],
        "consequences": [
            {"title": "Restarted ever more slowly", "detail": "14 restarts; the next in 3 min.", "evidence": []}
        ],
    }


def checked(title: str, verdict: str, reason: str) -> dict[str, str]:
    return {"symptom": "Degraded health", "title": title, "verdict": verdict, "reason": reason}


def steps() -> list[dict[str, Any]]:
    begun = clock.now() - timedelta(seconds=38)
    rows = [
        ("Checked the request", Word.SUCCEEDED, "tag exists in the registry; the quota fits the surge", 0.2, []),
        ("Committed to git", Word.FAILED, "the remote refused the push three times", 11.0, []),
        ("Waiting until healthy", Word.RUNNING, "2 of 4 pods ready", 38.0, LOG[:3]),
        ("Cleaned up", Word.CANCELLED, "cancelled by olga", 1.0, []),
        ("Done", Word.PENDING, "", None, []),
    ]
    return [
        {"title": title, "state": state, "detail": detail, "started_at": begun, "duration_s": seconds, "log": log}
        for title, state, detail, seconds, log in rows
    ]


def chip(value: str, label: str, count: int, *, pressed: bool = False) -> dict[str, Any]:
    return {"value": value, "label": label, "count": count, "pressed": pressed}


def source(label: str, age_s: int | None, error: str = "") -> dict[str, Any]:
    observed = None if age_s is None else clock.now() - timedelta(seconds=age_s)
    return {"label": label, "ok": bool(age_s) and not error, "error": error, "observed_at": observed}


def problems() -> list[dict[str, Any]]:
    field = {"field": "image_tag", "value": "1 4", "sentence": "A tag has no spaces.", "example": "1.4.2"}
    rows: list[tuple[int, str, str, str, dict[str, Any]]] = [
        (401, "sign_in_needed", "Sign in to see this.", "", {}),
        (403, "forbidden", "Deploying needs the developer role in payments.", "Ask olga, an owner of payments.", {}),
        (
            404,
            "not_found",
            "There is no service 'ledger' in payments that you can see.",
            "Did you mean ledger-api?",
            {},
        ),
        (
            409,
            "busy",
            "ledger-api is already being deployed.",
            "Follow it, or cancel it.",
            {"operation": "deploy-service-x7k2p"},
        ),
        (422, "invalid", "The request cannot be taken.", "", {"fields": [field]}),
        (429, "too_many", "That was too often.", "Try again in 20 s.", {}),
        (503, "unavailable", "The Kubernetes API did not answer within 5 s.", "What is shown is as of 9 min ago.", {}),
    ]
    return [
        {"status": status, "problem": {"code": code, "sentence": sentence, "remedy": remedy, "facts": facts}}
        for status, code, sentence, remedy, facts in rows
    ]
