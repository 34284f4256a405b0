"""A headless Chromium for pages: one browser for a file of tests, a fresh page for each that keeps what went wrong.

Playwright drives the Chromium that is installed; it downloads none. `GANEVAL_CHROMIUM` says where it is; with
`GANEVAL_BROWSER_TESTS=required` its absence is a failure and no skip.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
OWN = ("file:", "data:", "blob:", "about:")  # what a self-contained page may load


def chromium() -> str | None:
    """Where Chromium is: `GANEVAL_CHROMIUM`, else the first of its usual names."""
    given = os.environ.get("GANEVAL_CHROMIUM")
    return given or next((found for name in NAMES if (found := shutil.which(name))), None)


def missing(reason: str) -> NoReturn:
    """Skip, saying why; fail where the tests of pages are asked for."""
    if os.environ.get("GANEVAL_BROWSER_TESTS") == "required":
        pytest.fail(f"GANEVAL_BROWSER_TESTS=required: {reason}", pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Playwright's headless Chromium, one for a file of tests: it takes a core's share as long as it lives."""
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        missing("playwright is not installed: pip install 'ganeval[test]'")
    path = chromium()
    if path is None:
        missing(f"found no Chromium ({', '.join(NAMES)}); GANEVAL_CHROMIUM says where one is")
    with sync_playwright() as playwright:
        try:
            found = playwright.chromium.launch(executable_path=path, args=FLAGS, headless=True)
        except Error as error:
            missing(f"{path} does not start: {str(error).splitlines()[0]}")
        yield found
        found.close()


@dataclass
class Watched:
    """A page, and what happened on it: messages of the console, exceptions, requests that left the machine."""

    page: Any
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def open(self, path: Path) -> Any:
        """Load a file, wait for all of it, and give the page."""
        self.page.goto(path.resolve().as_uri())
        self.page.wait_for_load_state("load")
        return self.page

    def check(self) -> None:
        """Nothing went wrong: no error or warning on the console, no exception, nothing asked of the network."""
        assert self.errors == []
        assert self.requests == []

    def _answer(self, route: Any) -> None:
        """Let the page's own parts through; keep and refuse everything else."""
        if route.request.url.startswith(OWN):
            route.continue_()
            return
        self.requests.append(route.request.url)
        route.abort()

    def _hear(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.errors.append(f"{message.type}: {message.text}")


@pytest.fixture
def open_page(browser: Any) -> Iterator[Callable[..., Watched]]:
    """Makes fresh pages, with Playwright's options of a context (`viewport`, `color_scheme`, ...)."""
    contexts = []

    def make(**options: Any) -> Watched:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        contexts.append(context)
        context.set_default_timeout(120_000)  # milliseconds: a busy machine is slow, and not broken
        watched = Watched(context.new_page())
        context.route("**/*", watched._answer)
        watched.page.on("console", watched._hear)
        watched.page.on("pageerror", lambda error: watched.errors.append(f"exception: {error}"))
        return watched

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def browser_page(open_page: Callable[..., Watched]) -> Watched:
    """A fresh page of 1280 x 900: `.page` is Playwright's, `.open(path)` loads a file, `.check()` says all is well."""
    return open_page()
