"""The notebooks and the page as a person has them: JupyterLab and Voila, in a real browser (`make test-browser`).

Every wait ends, and so does every server: a machine that is slow makes a test slow, one that hangs makes it fail.
"""

import io
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pandas as pd
import pytest

pytestmark = pytest.mark.slow
playwright = pytest.importorskip("playwright.sync_api", reason="playwright is of the extra browser: make test-browser")

ROOT = Path(__file__).parents[1]
# Debian's first; the others are what it is called elsewhere.
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
# A browser also looks for updates, lists of bad sites and much else on its own: nothing may leave this machine.
QUIET = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-domain-reliability",
    "--disable-sync",
    "--no-first-run",
    "--no-pings",
    "--proxy-server=http://127.0.0.1:9",
    "--proxy-bypass-list=127.0.0.1",
]
START, WAIT = 90.0, 120_000  # seconds for a server, milliseconds for what a page shows
FIGURE = ".explore-figure img"
SHOTS = os.environ.get("SHOTS")  # a folder for pictures of what was seen
# Every cell of a notebook is drawn, in view or not; colours follow the browser; nobody is asked about news.
SETTINGS = {
    "notebook-extension/tracker": {"windowingMode": "none"},
    "apputils-extension/themes": {"adaptive-theme": True},
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}
# Of Voila and of JupyterLab themselves, where one was built with an older release of the other.
KNOWN = re.compile(r"Unsatisfied version|No satisfying version")


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def served(command, address, log):
    """Start a server, wait until it answers, and end it with all that it started; yield its address."""
    with open(log, "w", encoding="utf-8") as file:
        # None of the tokens, settings and kernels of whoever runs this.
        home = {name: str(log.parent) for name in ("HOME", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR")}
        server = subprocess.Popen(
            command, cwd=log.parent, env=os.environ | home, stdout=file, stderr=file, start_new_session=True
        )
    try:
        end = time.monotonic() + START
        while True:
            try:
                urllib.request.urlopen(f"{address}/static/", timeout=2).close()
            except urllib.error.HTTPError:
                pass
            except OSError:
                assert server.poll() is None and time.monotonic() < end, log.read_text(encoding="utf-8")[-2000:]
                time.sleep(0.2)
                continue
            break
        yield address
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait(10)


@pytest.fixture(scope="module")
def voila(tmp_path_factory):
    port, folder = free_port(), tmp_path_factory.mktemp("voila")
    command = [sys.executable, str(ROOT / "tools" / "app.py"), f"--port={port}", "--no-browser"]
    yield from served(command, f"http://127.0.0.1:{port}", folder / "log")


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """JupyterLab on a copy of what notebooks need, so that none of them is changed."""
    port, folder = free_port(), tmp_path_factory.mktemp("lab")
    for name in ("notebooks", "data"):
        shutil.copytree(ROOT / name, folder / name)
    (folder / "figures").mkdir()
    for name, values in SETTINGS.items():
        path = folder / "lab" / "user-settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values), encoding="utf-8")
    options = {"port": port, "ip": "127.0.0.1", "open_browser": False, "root_dir": str(folder), "allow_root": True}
    options |= {"port_retries": 0, "base_url": "/"}
    command = [sys.executable, "-m", "jupyterlab", "--IdentityProvider.token=", "--ServerApp.password="]
    command += [f"--ServerApp.{name}={value}" for name, value in options.items()]
    command += ["--LabApp.extension_manager=readonly"]  # the other one asks a registry for extensions
    yield from served(command, f"http://127.0.0.1:{port}", folder / "log")


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        pytest.skip(f"there is no Chromium here: none of {', '.join(NAMES)} (Debian: apt install chromium)")
    # What is called so may be a stub that would fetch the browser.
    if subprocess.run([CHROMIUM, "--version"], capture_output=True, timeout=60, check=False).returncode:
        pytest.skip(f"{CHROMIUM} does not start")
    root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with playwright.sync_playwright() as started:
        made = started.chromium.launch(executable_path=CHROMIUM, args=[*QUIET, *root], timeout=WAIT)
        yield made
        made.close()


@pytest.fixture
def opened(browser, request):
    """Return a function that opens an address; at the end there was no error, and no other host was asked."""
    wrong, contexts = [], []

    def note(message):
        if message.type == "error" and not KNOWN.search(message.text):
            wrong.append(f"console: {message.text[:300]}")

    def asked(each):
        if not each.url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:")):
            wrong.append(f"asked {each.url[:200]}")

    def open_at(address, width=1366, look="light"):
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=look, accept_downloads=True, locale="en-GB"
        )
        contexts.append(context)
        context.set_default_timeout(WAIT)
        page = context.new_page()
        page.on("console", note)
        page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
        page.on("request", asked)
        page.on("response", lambda each: each.status >= 400 and wrong.append(f"{each.status}: {each.url}"))
        page.goto(address, wait_until="commit")
        return page

    yield open_at
    for i, context in enumerate(contexts):
        for page in context.pages if SHOTS else ():
            name = re.sub(r"\W+", "_", request.node.name.removeprefix("test_"))
            page.screenshot(path=Path(SHOTS) / f"{name}{i or ''}.png", full_page=True)
        context.close()
    assert wrong == []


def shown(page):
    """Wait for a figure that has been drawn; return its address and what stands above it."""
    page.wait_for_selector(FIGURE)
    page.wait_for_function(f"(() => {{ const i = document.querySelector('{FIGURE}'); return i.naturalWidth > 0; }})()")
    return page.get_attribute(FIGURE, "src"), page.inner_text(".explore-said")


def changed(page, before):
    """Wait until figure and sentence are others; return them."""
    page.wait_for_function(
        f"([src, said]) => {{ const i = document.querySelector('{FIGURE}');"
        " const s = document.querySelector('.explore-said');"
        " return i && s && i.src !== src && s.innerText !== said; }",
        arg=list(before),
    )
    return shown(page)


def upload(page, path):
    with page.expect_file_chooser() as waiting:
        page.get_by_role("button", name="Choose a file").click()
    waiting.value.set_files(path)


def own_file(tmp_path):
    rows = [
        ("meier2019", "Meier", 10, "treatment", 31, 6.1, 1.7, 4.2, 2.2),
        ("meier2019", "Meier", 10, "placebo", 29, 6.0, 1.6, 4.9, 2.1),
        ("rossi2021", "Rossi", 100, "treatment", 40, 58, 18, 35, 22),
        ("rossi2021", "Rossi", 100, "placebo", 38, 60, 17, 47, 21),
    ]
    names = "study author scale_max arm n baseline_mean baseline_sd final_mean final_sd".split()
    path = tmp_path / "own.csv"
    pd.DataFrame(rows, columns=names).assign(scale_min=0, year=2020).to_csv(path, index=False)
    return path


# ---- the page


@pytest.mark.parametrize(("width", "look"), [(1366, "light"), (1100, "dark")])
def test_page_opens_and_fits_the_window(voila, opened, width, look):
    page = opened(f"{voila}/?theme={look}", width, look)
    _, said = shown(page)
    assert "The randomised difference" in said
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    box = page.locator(FIGURE).bounding_box()
    assert 600 < box["width"] and box["x"] + box["width"] <= width
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != (
        "rgb(255, 255, 255)" if look == "dark" else "rgb(0, 0, 0)"
    )
    assert "def effects_of" not in page.content()


def test_page_follows_its_menus_and_a_file_and_gives_files(voila, opened, tmp_path):
    page = opened(voila)
    first = shown(page)
    page.select_option("select >> nth=1", label="Leave such trials out")
    second = changed(page, first)
    page.get_by_label("Electrical (9)").check()
    third = changed(page, second)
    assert "Electrical" in third[1]
    slider = page.get_by_role("slider")
    slider.focus()
    slider.press("ArrowRight")
    fourth = changed(page, third)

    with page.expect_download() as waiting:
        page.get_by_text("Figure (SVG)").click()
    picture = Path(waiting.value.path()).read_text(encoding="utf-8")
    assert waiting.value.suggested_filename == "explore.svg" and "Electrical" in picture
    with page.expect_download() as waiting:
        page.get_by_text("Numbers (CSV)").click()
    table = pd.read_csv(io.BytesIO(Path(waiting.value.path()).read_bytes()))
    assert (table["kind"] == "total").sum() == 1
    page.get_by_role("button", name="Make PNG and PDF too").click()
    with page.expect_download() as waiting:
        page.get_by_text("PNG", exact=True).click()
    assert Path(waiting.value.path()).read_bytes().startswith(b"\x89PNG")

    broken = tmp_path / "broken.csv"
    broken.write_text("study,arm,n\n<img src=x onerror=alert(1)>,treatment,many\n", encoding="utf-8")
    upload(page, broken)
    page.wait_for_selector(".explore-error")
    said = page.inner_text(".explore-error")
    assert "broken.csv" in said and "Nothing was read" in said and page.locator(".explore-error img").count() == 0
    upload(page, own_file(tmp_path))
    _, said = changed(page, fourth)
    assert "2 trials" in said and "pain" not in said
    assert page.locator(".explore-error").count() == 0
    assert "Switched off" in page.inner_text("body")
    page.wait_for_selector("text=Choose a file (0)")  # it is out of the widget


# ---- notebooks in JupyterLab


def run_all(page):
    page.wait_for_selector(".jp-NotebookPanel-notebook .jp-Cell")
    page.wait_for_selector("text=/Python 3.*Idle/")
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()


@pytest.mark.parametrize(
    ("name", "least", "width", "look"),
    [("04_placebo_beside_treatment", 4, 1366, "light"), ("08_the_claims", 1, 1100, "dark")],
)
def test_a_notebook_runs_in_jupyterlab_and_shows_its_figures(lab, opened, name, least, width, look):
    page = opened(f"{lab}/lab/tree/notebooks/{name}.ipynb?reset", width, look)
    run_all(page)
    if width < 1366:
        page.keyboard.press("Control+b")  # without the list of files a cell is as wide as in a larger window
    page.wait_for_function(
        "() => { const p = [...document.querySelectorAll('.jp-CodeCell .jp-InputArea-prompt')].map(e => e.textContent);"
        " return p.length && p.every(text => /[0-9]/.test(text)); }"
    )
    page.wait_for_selector("text=/Python 3.*Idle/")
    figures = page.locator(".jp-RenderedSVG img, .jp-RenderedImage img")
    assert figures.count() >= least
    wide = "all => all.map(e => [e.naturalWidth, e.parentElement.scrollWidth - e.parentElement.clientWidth])"
    for drawn, hidden in figures.evaluate_all(wide):
        assert drawn > 300 and hidden <= 0, "a figure that must be scrolled sideways"
    assert page.locator(".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.error']").count() == 0
    assert page.locator(".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.stderr']").count() == 0
    assert (page.get_attribute("body", "data-jp-theme-light") == "true") == (look == "light")
    figures.first.scroll_into_view_if_needed()


def test_the_page_works_in_jupyterlab_too(lab, opened):
    page = opened(f"{lab}/lab/tree/notebooks/explore.ipynb?reset")
    run_all(page)
    first = shown(page)
    page.select_option(".explore select >> nth=2", label="None: common effect")
    changed(page, first)
