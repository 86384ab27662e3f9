"""How Sphinx makes the site of the pages that `tools/build_site.py` has put together; run by `make site`."""

import inspect
import re

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml
from pygments.lexers.special import TextLexer
from sphinx.addnodes import pending_xref

import analysis as ma

CALLED = {name for name in ma.__all__ if callable(getattr(ma, name))}

project = "Placebo beside treatment"
author = "The pain-meta-analysis contributors"
copyright = author
version = release = ma.__version__

extensions = ["myst_nb", "sphinx.ext.autodoc", "numpydoc"]
exclude_patterns = ["figures"]
nitpicky = True
default_role = "code"

nb_execution_mode = "off"  # the notebooks were run by tools/run_notebooks.py
nb_mime_priority_overrides = [("html", "image/svg+xml", 5)]
nb_code_prompt_show, nb_code_prompt_hide = "Show the code", "Hide the code"
nb_ipywidgets_js = {}  # would be loaded from another host
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3

autodoc_typehints = "none"  # the sections of the docstrings say it in words
numpydoc_show_class_members = False
add_module_names = False
toc_object_entries_show_parents = "hide"

html_theme = "pydata_sphinx_theme"
html_title = project
html_static_path = ["static"]
html_css_files = ["site.css"]
html_domain_indices = False
html_show_sourcelink = False
html_copy_source = False
html_math_renderer = "mathml"
html_theme_options = {
    "navbar_align": "left",
    "navbar_end": ["theme-switcher"],
    "navbar_persistent": ["search-button"],
    "header_links_before_dropdown": 6,
    "show_toc_level": 2,
    "show_prev_next": True,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}
html_sidebars = {name: [] for name in ("index", "docs/gallery", "docs/glossary")}


def formula(translator, node):
    """Write a formula as MathML, which browsers draw themselves: no script and no font to load."""
    block = isinstance(node, nodes.math_block)
    # Docutils takes the index of a letter with a hat for a limit below it; an empty group parts them.
    tex = re.sub(r"(\\(?:hat|bar|tilde)\s*(?:\\\w+|\{[^{}]*\}|\w))_", r"\1{}_", node.astext())
    mathml = tex2mathml(tex, as_block=block)
    translator.body.append(f'<div class="formula">{mathml}</div>\n' if block else mathml)
    raise nodes.SkipNode


def public_name(app, env, node, contnode):
    """Lead from the room in which a public name lives to the page of that name."""
    domain, name = env.get_domain("py"), node.get("reftarget", "")
    parts = name.split(".")
    for i in range(len(parts)):
        target = ".".join(["analysis", *parts[i:]])
        if node.get("refdomain") == "py" and target in domain.objects:
            found = domain.objects[target]
            return domain.resolve_xref(env, node["refdoc"], app.builder, found.objtype, target, node, contnode)
    return None


def link_names(app, doctree):
    """Link a public name that a page has as code, ``pool`` or ``ma.pool(...)``, to its page."""
    if app.env.docname.startswith("api/"):  # there such words are arguments
        return
    for node in list(doctree.findall(nodes.literal)):
        found = re.fullmatch(r"(?:ma\.)?(\w+)(?:\(.*\))?", node.astext())
        if found and found[1] in CALLED and not isinstance(node.parent, nodes.reference | pending_xref):
            link = {"refdomain": "py", "reftype": "obj", "reftarget": f"analysis.{found[1]}", "refdoc": app.env.docname}
            node.replace_self(pending_xref("", node.deepcopy(), refexplicit=False, refwarn=True, **link))


def result_without_call(app, what, name, of, options, signature, returned):
    """Show no arguments of a class that only the library makes: its docstring tells attributes."""
    if what == "class" and signature and "Parameters\n" not in (inspect.getdoc(of) or ""):
        return "", None
    return None


def setup(app):
    """Tell Sphinx of them."""
    app.add_lexer("csv", TextLexer)  # Pygments has none
    app.add_html_math_renderer("mathml", inline_renderers=(formula, None), block_renderers=(formula, None))
    app.connect("missing-reference", public_name)
    app.connect("doctree-read", link_names)
    app.connect("autodoc-process-signature", result_without_call)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
