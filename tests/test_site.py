"""The site as `make site` built it: every page there, every link leads somewhere, nothing is asked of another host."""

import inspect
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from numpydoc.docscrape import get_doc_object

import analysis as ma

ROOT = Path(__file__).parents[1]
SITE = ROOT / "build" / "site"
# What a browser fetches of itself, by element; of a link element by what it is for.
FETCHED = {"img": "src srcset", "script": "src", "iframe": "src", "source": "src srcset", "video": "src poster"}
FETCHED |= {"audio": "src", "embed": "src", "object": "data", "use": "href xlink:href", "image": "href xlink:href"}
RELATIONS = {"stylesheet", "preload", "prefetch", "preconnect", "dns-prefetch", "modulepreload", "icon", "shortcut"}
ELSEWHERE = re.compile(r"^(?:https?:)?//")


class Page(HTMLParser):
    """Addresses that a page has, links that it holds, and what a browser fetches for it."""

    def __init__(self, path):
        super().__init__()
        self.ids, self.links, self.fetched, self.classes = set(), [], [], set()
        self.text = path.read_text(encoding="utf-8")
        self.feed(self.text)

    def handle_starttag(self, tag, attrs):
        given = {name: value or "" for name, value in attrs}
        self.ids |= {given[name] for name in ("id", "name") if name in given}
        self.classes |= set(given.get("class", "").split())
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        names = FETCHED.get(tag, "").split()
        if tag == "link" and RELATIONS & set(given.get("rel", "").split()):
            names = ["href"]
        for name in names:
            self.fetched += [part.split()[0] for part in given.get(name, "").split(",") if part.strip()]


@pytest.fixture(scope="module")
def pages():
    if not (SITE / "index.html").exists():
        pytest.skip("the site is not built: make site")
    paths = [path for path in sorted(SITE.rglob("*.html")) if "_static" not in path.parts]
    return {path.relative_to(SITE).as_posix(): Page(path) for path in paths}


def address(name):
    return f"{name}-class" if name != name.lower() and name.lower() in ma.__all__ else name


def missing(pages, page, links):
    """Links of a page that lead to no file of the site, or to no place on a page."""
    for link in links:
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            continue
        path = (SITE / page).parent / unquote(parts.path) if parts.path else SITE / page
        name = path.resolve().relative_to(SITE.resolve()).as_posix()
        known = pages[name].ids | {"", "top"} if name in pages else None
        if not path.is_file() or (known is not None and unquote(parts.fragment) not in known):
            yield link


def test_every_page_of_the_project_is_there(pages):
    expected = {f"api/{address(name)}.html" for name in ma.__all__}
    expected |= {f"docs/{path.stem}.html" for path in (ROOT / "docs").glob("*.md")}
    expected |= {f"notebooks/{path.stem}.html" for path in (ROOT / "notebooks").glob("[0-9]*.ipynb")}
    assert expected - pages.keys() == set()
    assert len(pages) > 150 and len({name.lower() for name in pages}) == len(pages)


def test_every_link_within_the_site_leads_somewhere(pages):
    wrong = {name: sorted(set(missing(pages, name, page.links + page.fetched))) for name, page in pages.items()}
    assert {name: links for name, links in wrong.items() if links} == {}


def test_no_page_asks_anything_of_another_host(pages):
    asked = {name: [each for each in page.fetched if ELSEWHERE.match(each)] for name, page in pages.items()}
    assert {name: each for name, each in asked.items() if each} == {}


def test_no_style_and_no_script_asks_anything_of_another_host(pages):
    loads = re.compile(
        r"""(?:@import\s+(?:url\()?["']?|url\(\s*["']?|\b(?:fetch|import|importScripts|open)\(\s*["']"""
        r"""|\bfrom\s*["']|\.src\s*=\s*["'])(?:https?:)?//"""
    )
    files = [*SITE.rglob("*.css"), *SITE.rglob("*.js"), *SITE.rglob("*.mjs"), *SITE.rglob("*.svg")]
    assert len(files) > 20
    texts = {path.name: path.read_text(encoding="utf-8") for path in files}
    texts |= {name: page.text for name, page in pages.items()}
    assert {name: found[0] for name, text in texts.items() if (found := loads.search(text))} == {}


def test_no_page_holds_an_error_and_each_is_made_for_a_phone_too(pages):
    assert [name for name, page in pages.items() if page.classes & {"system-message", "problematic", "stderr"}] == []
    narrow = 'name="viewport" content="width=device-width'
    assert [name for name, page in pages.items() if narrow not in page.text or '<html lang="en"' not in page.text] == []


def test_neighbours_and_members_of_every_public_name_are_on_its_page(pages):
    public = {name: of for name in ma.__all__ if callable(of := getattr(ma, name))}
    known = {of.__name__: f"analysis.{name}" for name, of in public.items() if hasattr(of, "__name__")}
    known |= {name: f"module-analysis.{name}" for name in ma.__all__ if inspect.ismodule(getattr(ma, name))}
    for name, of in public.items():
        page = pages[f"api/{address(name)}.html"]
        linked = {urlsplit(link).fragment for link in page.links}
        near = [each for group, _ in get_doc_object(of)["See Also"] for each, _ in group]
        assert {each for each in near if known.get(each.split(".")[-1], each) not in linked} == set(), name
        own = inspect.getmembers(of, inspect.isfunction) if inspect.isclass(of) else []
        told = [each for each, way in own if each[0] != "_" and way.__module__.startswith("analysis")]
        assert {f"analysis.{each}" for each in (name, *(f"{name}.{each}" for each in told))} <= page.ids


def test_the_search_finds_functions_words_and_notebooks(pages):
    index = (SITE / "searchindex.js").read_text(encoding="utf-8")
    assert [
        each for each in ("pool_arms", "glossary", "notebooks/08_the_claims", "heterogen") if each not in index
    ] == []


def test_the_front_page_answers_with_numbers_of_the_library(pages):
    front = pages["index.html"].text
    assert "Supported claims of relief: 0 of 21" in front
    assert re.search(r"In the \d+ trials with a change in both arms, pain fell by", front)
    assert "at least 1 point less pain than with placebo" in front and "{answer}" not in front


def test_the_workflow_publishes_what_it_built_and_may_do_nothing_else():
    import yaml

    text = (ROOT / ".github" / "workflows" / "site.yml").read_text(encoding="utf-8")
    flow = yaml.safe_load(text)
    build, publish = flow["jobs"]["build"], flow["jobs"]["publish"]
    assert "secrets" not in text and "pull_request_target" not in text
    assert flow["permissions"] == {"contents": "read"} and "permissions" not in build
    assert publish["permissions"] == {"pages": "write", "id-token": "write"}
    assert (
        publish["if"] == build["steps"][-1]["if"] == "github.ref == 'refs/heads/main'" and publish["needs"] == "build"
    )
    assert build["steps"][0]["with"] == {"persist-credentials": False}
    assert next(step["run"] for step in build["steps"] if "run" in step) == "make site"
    used = [step["uses"] for job in (build, publish) for step in job["steps"] if "uses" in step]
    assert [name for name in used if not re.fullmatch(r"actions/[a-z-]+@v\d+\.\d+\.\d+", name)] == []
    ours = set(re.findall(r"actions/(?:checkout|setup-python)@\S+", (ROOT / ".github/workflows/ci.yml").read_text()))
    assert ours <= set(used)
