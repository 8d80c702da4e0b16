"""The pages in Debian's chromium: no message on the console, nothing wider than the window, live, by keyboard.

Run by `make test-browser`.
"""

import json
import subprocess
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.house.visitor import Visitor
from tests.processes import ROOT

pytestmark = pytest.mark.browser

CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-quic", "--disable-background-networking", "--disable-component-update"]
PAGES = (
    "/", "/services/", "/tenants/", "/tenants/payments/", "/tenants/payments/services/webhook-relay/",
    "/tenants/payments/services/webhook-relay/logs/", "/tenants/payments/services/webhook-relay/events/",
    "/tenants/payments/services/webhook-relay/history/", "/tenants/payments/services/webhook-relay/configuration/",
    "/tenants/payments/services/payments-api/deploy/", "/tenants/payments/services/payments-api/configure/",
    "/tenants/payments/services/payments-api/rollback/", "/tenants/payments/services/payments-api/scale/",
    "/tenants/payments/add-service/", "/tenants/payments/members/", "/tenants/payments/wrong-now/", "/wrong-now/",
    "/services/?q=nothing-like-it", "/operations/", "/audit/", "/guide/", "/guide/?service=payments/webhook-relay",
    "/reference/tools/", "/reference/operations/", "/connecting/", "/account/", "/styleguide/", "/tenants/nowhere/",
)  # fmt: skip
WIDTHS = (390, 1440)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser, house: str, dev_visits: Visitor) -> Iterator[Page]:
    yield from tab_of(browser, dev_visits)


@pytest.fixture
def page_of_an_admin(browser: Browser, house: str, dev_visits: Visitor) -> Iterator[Page]:
    yield from tab_of(browser, Visitor(house).sign_in("ada"))


def tab_of(browser: Browser, visitor: Visitor) -> Iterator[Page]:
    context = browser.new_context(base_url=visitor.address)
    cookies = [(one.name, one.value or "") for one in visitor.http.cookies]
    context.add_cookies([{"name": name, "value": value, "url": visitor.address} for name, value in cookies])
    tab = context.new_page()
    yield tab
    context.close()


def axe() -> str:
    return (resources.files("axe_core_python") / "axe.min.js").read_text()


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_quiet_fits_and_can_be_used_by_everybody(page: Page, path: str) -> None:
    look_over(page, path)


def test_the_system_check_is_too_and_asks_again_in_its_place(page_of_an_admin: Page) -> None:
    look_over(page_of_an_admin, "/system/check/")

    page_of_an_admin.get_by_text("Ask again").click()
    page_of_an_admin.wait_for_load_state("networkidle")

    assert page_of_an_admin.locator("#check").count() == 1
    assert "MCTL needs" in page_of_an_admin.locator("#check").inner_text()


def look_over(page: Page, path: str) -> None:
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(path)
        page.wait_for_load_state("networkidle")
        overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert overflow <= 0, f"{width} px: {overflow} px too wide"
    # The status of a page that does not exist is itself a line on the console.
    assert [text for text in said if "404" not in text] == []
    page.evaluate(axe())
    found = page.evaluate("axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag22aa']})")
    assert [(one["id"], one["nodes"][0]["html"][:120]) for one in found["violations"]] == []


def test_a_change_in_the_cluster_reaches_the_open_page(page: Page, kubernetes: Path) -> None:
    page.goto("/tenants/storefront/services/search-indexer/")
    expect(page.locator("#live, .live").first).to_contain_text("Live")
    pods = kubectl(kubernetes, "get", "pods", "-n", "storefront", "-l", INDEXER)["items"]
    name = str(pods[0]["metadata"]["name"])
    expect(page.locator("body")).to_contain_text(name)

    kubectl(kubernetes, "delete", "pod", name, "-n", "storefront", "--wait=false")

    expect(page.locator("body")).not_to_contain_text(name, timeout=20_000)


def test_the_sentence_the_chips_and_the_rail_of_an_open_list_follow_a_deployment(
    page: Page, dev_visits: Visitor
) -> None:
    page.goto("/tenants/storefront/")
    expect(page.locator(".live").first).to_contain_text("Live")
    expect(page.locator("#list-says")).to_contain_text("All are well", timeout=60_000)
    expect(page.locator("#running-count")).to_be_empty()

    dev_visits.deploy("storefront/cart", "9.9.9")

    expect(page.locator("#running-count")).to_have_text("1 running", timeout=30_000)
    expect(page.locator("#list-says")).not_to_contain_text("All are well", timeout=60_000)
    expect(page.get_by_label("Filter by status")).not_to_contain_text("Healthy 3")


def test_a_slash_goes_to_the_search_and_a_question_mark_shows_the_keys(page: Page) -> None:
    page.goto("/services/")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.type("ledger")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("ledger-api")
    expect(page.locator("main")).not_to_contain_text("checkout-web")


def test_a_person_deploys_without_leaving_the_browser(page: Page) -> None:
    page.goto("/tenants/storefront/services/catalog-api/deploy/")
    page.get_by_label("Version (image tag)").fill("1.13.0")
    page.get_by_role("button", name="Show the plan").click()
    expect(page.locator("#plan")).to_contain_text("One file changes")
    page.get_by_role("button", name="Confirm and start").click()
    page.wait_for_url("**/operations/deploy-service-*/")
    expect(page.locator("main")).to_contain_text("succeeded", timeout=60_000)


INDEXER = "app.kubernetes.io/instance=storefront-search-indexer"


def kubectl(kubeconfig: Path, *arguments: str) -> dict[str, list[dict[str, dict[str, str]]]]:
    output = ["-o", "json"] if arguments[0] == "get" else ["-o", "name"]
    argv = [str(ROOT / ".venv/bin/kubectl"), "--kubeconfig", str(kubeconfig), *arguments, *output]
    done = subprocess.run(argv, check=True, capture_output=True, text=True, timeout=30)
    return dict(json.loads(done.stdout)) if arguments[0] == "get" else {}
