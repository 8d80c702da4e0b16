"""Pictures of the pages, to look at: `python -m bench.screenshots --as olga / /services/ [--base URL] [--out DIR]`.

Needs a running `make run` and Debian's chromium. Writes `<page>-<width>-<theme>.png` and says which page is wider than
its window or has put something into the browser's console.
"""

import argparse
import re
import sys
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, ConsoleMessage, Page, ViewportSize, sync_playwright

Theme = Literal["light", "dark"]
CHROMIUM = "/usr/bin/chromium"
WIDTHS = {"wide": ViewportSize(width=1440, height=960), "phone": ViewportSize(width=390, height=844)}
THEMES: tuple[Theme, ...] = ("light", "dark")
PAGES = ("/", "/services/", "/tenants/", "/operations/", "/styleguide/")
SETTLED_AFTER_MS = 400


def main() -> int:
    given = arguments()
    given.out.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        complaints = [
            complaint
            for width in WIDTHS
            for theme in THEMES
            for complaint in pictures(browser, given, width=width, theme=theme)
        ]
        browser.close()
    print(f"{len(given.pages) * len(WIDTHS) * len(THEMES)} pictures in {given.out}")
    for complaint in complaints:
        print(complaint)
    return 1 if complaints else 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Pictures of the pages, wide and narrow, light and dark.")
    parser.add_argument("pages", nargs="*", default=list(PAGES), help="paths such as /services/")
    parser.add_argument("--base", default="http://127.0.0.1:8000", help="where the product answers")
    parser.add_argument("--as", dest="person", default="olga", help="person of the sandbox; empty for nobody")
    parser.add_argument("--out", type=Path, default=Path("var/screenshots"))
    parser.add_argument("--full", action="store_true", help="the whole page, not only the first screen")
    return parser.parse_args()


def pictures(browser: Browser, given: argparse.Namespace, *, width: str, theme: Theme) -> list[str]:
    """Takes one picture of each page; returns what is wrong with them, as sentences."""
    context = browser.new_context(viewport=WIDTHS[width], color_scheme=theme, reduced_motion="reduce")
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.extend(said(message)))
    if given.person:
        sign_in(page, given.base, given.person)
    for path in given.pages:
        page.goto(given.base + path, wait_until="load")
        page.wait_for_timeout(SETTLED_AFTER_MS)
        too_wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if too_wide > 0:
            complaints.append(f"{path} ({width}) is {too_wide} px wider than its window")
        page.screenshot(path=given.out / f"{file_name(path)}-{width}-{theme}.png", full_page=given.full)
    context.close()
    return complaints


def sign_in(page: Page, base: str, person: str) -> None:
    page.goto(f"{base}/sandbox/sign-in/")
    page.click(f"button[name=person][value={person}]")


def said(message: ConsoleMessage) -> list[str]:
    return [f"console: {message.text[:300]}"] if message.type in {"error", "warning"} else []


def file_name(path: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", path.lower()).strip("-") or "home"


if __name__ == "__main__":
    sys.exit(main())
