"""Make the site in build/site: the pages of docs/, the executed notebooks, and a page for every public name.

Usage: python tools/build_site.py

Notebooks are those in build/notebooks, which tools/run_notebooks.py has run. All pages are put together in
build/site-source, at the paths that they have in the project, so that their links hold; Sphinx reads them there, and a
warning is an error.
"""

import inspect
import shutil
import sys
import types
from pathlib import Path

import nbformat
from answer import answer
from notebook_pages import NOTEBOOK, NOTEBOOKS
from sphinx.cmd.build import main as sphinx

import analysis as ma

ROOT = Path(__file__).resolve().parents[1]
PAGES, SOURCE, OUT = ROOT / "docs" / "site", ROOT / "build" / "site-source", ROOT / "build" / "site"
# Wings of the package and single rooms, in the order of the path from a table to a figure.
SECTIONS = {
    "Tables in, effects out": ("analysis.data",),
    "Pooling": ("analysis.models.pooling", "analysis.models.results", "analysis.models.groups"),
    "Models": ("analysis.models",),
    "Placebo and treatment, claims, what a result rests on": ("analysis.evidence",),
    "Figures": ("analysis.plots",),
    "Reports": ("analysis.reports",),
    "Formulas, words and measures": ("analysis",),
}


def members(of):
    """Return the names of methods and properties of a class that the package tells of."""
    own = [name for name, _ in inspect.getmembers(of) if not name.startswith("_")]
    return [name for name in own if told(inspect.getattr_static(of, name))]


def told(member):
    """Whether a member of a class is a method or a property of the package with a docstring."""
    function = next((getattr(member, name) for name in ("fget", "func", "__func__") if hasattr(member, name)), member)
    return bool(
        isinstance(function, types.FunctionType) and function.__module__.startswith("analysis") and function.__doc__
    )


def contents(module):
    """Return the functions and classes of a public module."""
    names = getattr(module, "__all__", None) or [name for name in vars(module) if not name.startswith("_")]
    found = [getattr(module, name) for name in names]
    return [of for of in found if getattr(of, "__module__", "") == module.__name__ and hasattr(of, "__name__")]


def kind(of):
    """Return what the domain of Python calls an object."""
    return "class" if inspect.isclass(of) else "function" if callable(of) else "data"


def address(name):
    """Return the name of a page; many systems take Power.html and power.html for one file."""
    return f"{name}-class" if name != name.lower() and name.lower() in ma.__all__ else name


def page(name):
    """Return the page of a public name, as reStructuredText."""
    value = getattr(ma, name)
    title = f"{name}\n{'=' * len(name)}\n\n.. currentmodule:: analysis\n\n"
    if inspect.ismodule(value):
        parts = "\n\n".join(f".. auto{kind(of)}:: analysis.{name}.{of.__name__}" for of in contents(value))
        return title + f".. automodule:: analysis.{name}\n\n{parts}\n"
    shown = members(value) if inspect.isclass(value) else []
    return f"{title}.. auto{kind(value)}:: {name}\n" + (f"   :members: {', '.join(shown)}\n" if shown else "")


def first_sentence(name):
    """Return the first line of the docstring of a public name."""
    value = getattr(ma, name)
    doc = inspect.getdoc(value) if callable(value) or inspect.ismodule(value) else repr(value)
    return doc.split("\n\n")[0].replace("\n", " ")


def reference():
    """Write the pages of all public names and the list of them."""
    # A constant has no room: it stands with the modules.
    rooms = {name: getattr(getattr(ma, name), "__module__", None) or "analysis" for name in ma.__all__}
    left = sorted(ma.__all__, key=str.casefold)
    text = "Reference\n=========\n\nEvery public name of ``import analysis as ma``: ``ma.pool``, ``ma.forest``.\n"
    for title, wings in SECTIONS.items():
        chosen = [name for name in left if rooms[name].startswith(wings)]
        left = [name for name in left if name not in chosen]
        rows = "\n".join(f"   * - :doc:`{name} <{address(name)}>`\n     - {first_sentence(name)}" for name in chosen)
        text += f"\n{title}\n{'-' * len(title)}\n\n.. list-table::\n   :widths: 30 70\n\n{rows}\n"
        text += f"\n.. toctree::\n   :hidden:\n   :caption: {title}\n\n"
        text += "".join(f"   {address(name)}\n" for name in chosen)
    (SOURCE / "api").mkdir()
    (SOURCE / "api" / "index.rst").write_text(text, encoding="utf-8")
    for name in ma.__all__:
        (SOURCE / "api" / f"{address(name)}.rst").write_text(page(name), encoding="utf-8")


def notebooks():
    """Write the executed notebooks, the code folded of those that need no statistics."""
    (SOURCE / "notebooks").mkdir()
    shutil.copy(PAGES / "notebooks.md", SOURCE / "notebooks" / "index.md")
    for path in sorted((ROOT / "notebooks").glob("[0-9]*.ipynb")):
        notebook = nbformat.read(ROOT / "build" / "notebooks" / path.name, as_version=4)
        for cell in notebook.cells:
            if cell.cell_type == "markdown":
                cell.source = NOTEBOOK.sub(r"[`\1`](\1.ipynb)", cell.source)
            elif path.stem in NOTEBOOKS:
                cell.metadata.tags = [*cell.metadata.get("tags", []), "hide-input"]
        nbformat.write(notebook, SOURCE / "notebooks" / path.name)


def sources():
    """Put all pages together."""
    shutil.rmtree(SOURCE, ignore_errors=True)
    (SOURCE / "docs").mkdir(parents=True)
    (SOURCE / "data").mkdir()
    for path in [*(ROOT / "docs").glob("*.*"), ROOT / "data" / "README.md"]:
        shutil.copy(path, SOURCE / path.relative_to(ROOT))
    (SOURCE / "figures").symlink_to(ROOT / "figures")
    for name in ("guides.md", "trust.md"):
        shutil.copy(PAGES / name, SOURCE)
    front = (PAGES / "index.md").read_text(encoding="utf-8")
    (SOURCE / "index.md").write_text(front.replace("{answer}", answer()), encoding="utf-8")
    notebooks()
    reference()


def main():
    """Put the pages together and let Sphinx make the site of them."""
    sources()
    shutil.rmtree(OUT, ignore_errors=True)
    options = ["--fail-on-warning", "--keep-going", "--quiet", "-c", PAGES, "-d", ROOT / "build" / "site-doctrees"]
    return sphinx([*map(str, options), str(SOURCE), str(OUT)])


if __name__ == "__main__":
    sys.exit(main())
