"""Custom kinds: installed while the server runs, then as good as built-in ones."""

from pathlib import Path

import pytest
import yaml

from sandbox.kubeapi.crds import read_own_definitions

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
GROUP = "shop.example/v1"
REAL = Path(__file__).resolve().parents[4] / "shared" / "crds"


@pytest.fixture(scope="session")
def definition():
    size = {"type": "integer", "minimum": 1}
    colour = {"type": "string", "default": "red", "enum": ["red", "blue"]}
    spec = {"type": "object", "required": ["size"], "properties": {"size": size, "colour": colour}}
    status = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "additionalPrinterColumns": [{"name": "Size", "type": "integer", "jsonPath": ".spec.size"}],
        "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec, "status": status}}},
    }
    names = {"plural": "widgets", "singular": "widget", "kind": "Widget", "shortNames": ["wd"]}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.shop.example"},
        "spec": {"group": "shop.example", "scope": "Namespaced", "names": names, "versions": [version]},
    }


@pytest.fixture
def shop(api, definition):
    if api.send("GET", f"{DEFINITIONS}/widgets.shop.example").status == 404:
        assert api.send("POST", DEFINITIONS, definition).status == 201
    return api


def widget(**spec):
    return {"apiVersion": GROUP, "kind": "Widget", "metadata": {"name": "w"}, "spec": spec}


def test_a_definition_is_established_when_it_is_stored(shop):
    stored = shop.send("GET", f"{DEFINITIONS}/widgets.shop.example").body

    conditions = {one["type"]: one["status"] for one in stored["status"]["conditions"]}
    assert conditions == {"NamesAccepted": "True", "Established": "True"}
    assert stored["status"]["storedVersions"] == ["v1"]


def test_the_kind_is_discovered(shop):
    listed = shop.send("GET", f"/apis/{GROUP}").body["resources"]

    assert [one["name"] for one in listed] == ["widgets", "widgets/status"]
    assert listed[0]["shortNames"] == ["wd"]
    document = shop.send("GET", f"/openapi/v3/apis/{GROUP}").body
    assert "example.shop.v1.Widget" in document["components"]["schemas"]


def test_defaults_come_from_the_schema(shop):
    assert shop.post("widgets", widget(size=3), group=GROUP).body["spec"] == {"size": 3, "colour": "red"}


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ({"size": "x"}, 'spec.size: Invalid value: "string": spec.size in body must be of type integer: "string"'),
        ({"size": 0}, "spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1"),
        ({}, "spec.size: Required value"),
        ({"size": 1, "colour": "green"}, 'spec.colour: Unsupported value: "green": supported values: "red", "blue"'),
    ],
)
def test_the_schema_is_enforced(shop, spec, told):
    refused = shop.post("widgets", widget(**spec), group=GROUP)

    assert (refused.status, refused.message) == (422, f'Widget.shop.example "w" is invalid: {told}')


def test_unknown_fields_are_pruned(shop):
    made = shop.post("widgets", widget(size=1, shape="round"), group=GROUP).body

    assert "shape" not in made["spec"]


def test_status_has_its_own_path(shop):
    shop.post("widgets", widget(size=1) | {"status": {"ready": True}}, group=GROUP)
    assert "status" not in shop.get("widgets", "w", group=GROUP).body

    shop.patch("widgets", "w", {"status": {"ready": True}}, group=GROUP, below="status")

    written = shop.get("widgets", "w", group=GROUP).body
    assert (written["status"], written["metadata"]["generation"]) == ({"ready": True}, 1)


def test_replacing_insists_on_a_version(shop):
    shop.post("widgets", widget(size=1), group=GROUP)

    refused = shop.put("widgets", "w", widget(size=2), group=GROUP)

    assert (refused.status, "must be specified for an update" in refused.message) == (422, True)


def test_columns_come_from_the_definition(shop, kubectl):
    shop.post("widgets", widget(size=7), group=GROUP)

    assert kubectl("get", "wd").stdout.split() == ["NAME", "SIZE", "w", "7"]


def test_a_definition_needs_a_matching_name(api, definition):
    refused = api.send("POST", DEFINITIONS, definition | {"metadata": {"name": "other.shop.example"}})

    assert refused.status == 422
    assert 'must be spec.names.plural+"."+spec.group' in refused.message


def test_objects_go_with_their_definition(api, definition):
    other = yaml.safe_load(yaml.safe_dump(definition).replace("widget", "gadget").replace("Widget", "Gadget"))
    api.send("POST", DEFINITIONS, other)
    gadget = {"apiVersion": GROUP, "kind": "Gadget", "metadata": {"name": "g"}, "spec": {"size": 1}}
    assert api.post("gadgets", gadget, group=GROUP).status == 201

    api.send("DELETE", f"{DEFINITIONS}/gadgets.shop.example")

    assert api.get("gadgets", "g", group=GROUP).status == 404
    assert api.get("gadgets", group=GROUP).message == "the server could not find the requested resource"


def test_the_kinds_of_the_platform_are_there_from_the_start(api):
    installed = {one["metadata"]["name"] for one in api.send("GET", DEFINITIONS).body["items"]}

    assert {definition["metadata"]["name"] for definition in read_own_definitions()} <= installed


def test_an_application_has_its_status_in_one_piece_as_in_argo_cd(api):
    source = {"repoURL": "https://git.example.dev/gitops.git", "path": "charts/web", "targetRevision": "main"}
    spec = {"project": "default", "source": source, "destination": {"namespace": "payments"}}
    body = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": "web"}, "spec": spec}
    api.post("applications", body, group="argoproj.io/v1alpha1")

    change = {"status": {"sync": {"status": "Synced", "revision": "abc"}, "health": {"status": "Healthy"}}}
    written = api.patch("applications", "web", change, group="argoproj.io/v1alpha1").body

    assert written["status"]["health"] == {"status": "Healthy"}


def fields_not_in(own, real, path=""):
    """Paths of our schema that the real one has not, or has with another type."""
    if real.get("x-kubernetes-preserve-unknown-fields"):
        return
    for name, schema in (own.get("properties") or {}).items():
        here = f"{path}.{name}"
        other = (real.get("properties") or {}).get(name)
        if other is None or schema.get("type") != other.get("type"):
            yield here
            continue
        yield from fields_not_in(schema, other, here)
        yield from fields_not_in(schema.get("items") or {}, other.get("items") or {}, f"{here}[]")


@pytest.mark.skipif(not REAL.is_dir(), reason="needs ../shared/crds, the definitions as their projects release them")
def test_our_definitions_name_fields_as_the_real_ones_do():
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    real = {}
    for file in REAL.glob("*.yaml"):
        for document in yaml.load_all(file.read_text(), Loader=loader):
            real[document["metadata"]["name"]] = document["spec"]
    wrong = []
    for own in read_own_definitions():
        spec = real[own["metadata"]["name"]]
        ours = own["spec"]["versions"][0]
        theirs = next(version for version in spec["versions"] if version["name"] == ours["name"])
        assert ours.get("subresources", {}).keys() == (theirs.get("subresources") or {}).keys()
        schemas = [version["schema"]["openAPIV3Schema"] for version in (ours, theirs)]
        wrong += [f"{own['metadata']['name']}{path}" for path in fields_not_in(*schemas)]
    assert wrong == []
