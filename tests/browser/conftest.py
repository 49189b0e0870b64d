"""A real browser, headless: the distribution's own Chromium, where it is installed."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

MISSING = (
    "no Chromium with its driver on this machine: make browser-test installs the distribution's "
    "(chromium, chromium-driver)"
)
#: Runs before any script of a page: what a page must never be made to do is counted.
_WATCH = (
    "window.harmed = []; for (const name of ['alert', 'confirm', 'prompt', 'open', 'fetch'])"
    " window[name] = () => { window.harmed.push(name); };"
)


class Browser:
    """Pages from files, by their text; what was asked for and complained about since the last."""

    def __init__(self, driver: Any, folder: Path) -> None:
        self.driver = driver
        self._folder = folder
        self._count = 0

    def show(self, page: str) -> None:
        """Open a page as a person would who got it by mail: from a file."""
        self._count += 1
        path = self._folder / f"{self._count}.html"
        path.write_text(page, encoding="utf-8")
        for log in ("performance", "browser"):
            self.driver.get_log(log)
        self.driver.get(path.as_uri())

    def run(self, script: str, *arguments: object) -> Any:
        """What a function body returns in the page."""
        return self.driver.execute_script(script, *arguments)

    def requests(self) -> list[str]:
        """The addresses that the page asked for, itself included; not what its policy held back."""
        sent, held = {}, set()
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            parameters = message["params"]
            if message["method"] == "Network.requestWillBeSent":
                sent[parameters["requestId"]] = parameters["request"]["url"]
            elif parameters.get("blockedReason") == "csp":
                held.add(parameters["requestId"])
        return [url for request, url in sent.items() if request not in held]

    def complaints(self) -> list[str]:
        """What the browser said of the page: errors, and what its policy forbade."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def until(self, condition: str) -> None:
        """Wait until an expression holds in the page; a row is filled when its event comes."""
        from selenium.webdriver.support.wait import WebDriverWait

        WebDriverWait(self.driver, 30, 0.02).until(lambda _: self.run(f"return {condition}"))

    def look(self, width: int, *, dark: bool = False) -> None:
        """As wide as this many pixels, in the light or the dark."""
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The driver of one browser for all tests."""
    binary, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if binary is None or driver is None:
        pytest.skip(MISSING)
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = binary
    options.add_argument("--headless=new")
    options.add_argument("--disable-gpu")
    options.add_argument("--disable-dev-shm-usage")
    options.add_argument(f"--user-data-dir={tmp_path_factory.mktemp('profile')}")
    if os.geteuid() == 0:
        options.add_argument("--no-sandbox")  # Chromium's own does not work for root
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    # The path is given: Selenium would look for a driver in the network otherwise.
    started = webdriver.Chrome(options=options, service=Service(driver))
    started.set_page_load_timeout(60)
    started.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": _WATCH})
    yield started
    started.quit()


@pytest.fixture
def browser(chromium: Any, tmp_path: Path) -> Browser:
    """The browser at its usual width, in the light."""
    made = Browser(chromium, tmp_path)
    made.look(1280)
    return made
