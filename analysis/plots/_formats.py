"""A figure as the bytes of an SVG, PDF or PNG file: no dates, text as text, the alternative text inside."""

import hashlib
import io
from xml.sax.saxutils import escape

from matplotlib.style import context as style_context

from analysis.plots._embed import family_list, font_faces

FORMATS = ("svg", "pdf", "png")
RC = {
    "svg.fonttype": "none",
    "svg.hashsalt": "analysis",
    "pdf.fonttype": 42,
    "pdf.compression": 6,
    "path.simplify": False,
    "savefig.bbox": None,
    "savefig.facecolor": "auto",
    "savefig.transparent": False,
}
PRINT_DPI = 300
NOTEBOOK_DPI = 192
NOTEBOOK_SVG = 400_000  # bytes: a notebook shows larger figures as PNG


def _render(fig, kind, dpi, metadata):
    buffer = io.BytesIO()
    with style_context(["default", RC]):
        fig.savefig(buffer, format=kind, dpi=dpi, metadata=metadata)
    return buffer.getvalue()


def svg_bytes(fig):
    """Return the SVG with its fonts, and with title and desc for screen readers."""
    title, alt = fig.content.title, fig.content.alt_text
    text = _render(fig, "svg", PRINT_DPI, {"Date": None, "Title": title}).decode()
    mark = hashlib.sha256(f"{title}{alt}".encode()).hexdigest()[:8]  # ids stay apart where a page has several figures
    head, opening, body = text.partition("<svg ")
    named = f'{opening}role="img" aria-labelledby="title-{mark} desc-{mark}" '
    body = body.replace(
        f"<title>{escape(title)}</title>",
        f'<title id="title-{mark}">{escape(title)}</title>\n <desc id="desc-{mark}">{escape(alt)}</desc>',
        1,
    )
    families = family_list(getattr(fig, "families", ("DejaVu Sans",)))
    body = body.replace("</style>", f"\n{font_faces(fig)}</style>", 1)
    return f'{head}{named}font-family="{families}" {body}'.encode()


def pdf_bytes(fig):
    """Return the PDF."""
    content = fig.content
    about = {"CreationDate": None, "Title": content.title, "Subject": content.alt_text}
    return _render(fig, "pdf", PRINT_DPI, about)


def png_bytes(fig):
    """Return the PNG at 300 dpi."""
    return _render(fig, "png", PRINT_DPI, {"Title": fig.content.title, "Description": fig.content.alt_text})


WRITERS = {"svg": svg_bytes, "pdf": pdf_bytes, "png": png_bytes}


def notebook_png(fig):
    """Return the figure for a notebook: twice the pixels, shown at its size on paper."""
    data = _render(fig, "png", NOTEBOOK_DPI, {})
    width, height = fig.get_size_inches() * NOTEBOOK_DPI / 2
    return data, {"width": int(width), "height": int(height)}


def notebook_svg(fig):
    """Return the SVG for a notebook, or None where it would weigh too much or has nothing to say."""
    data = svg_bytes(fig) if fig.content is not None else b""
    return data.decode() if 0 < len(data) <= NOTEBOOK_SVG else None
