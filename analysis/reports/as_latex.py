"""A report as LaTeX that pdflatex and xelatex set without packages from elsewhere, its figures as PDF beside it."""

from __future__ import annotations

import math
import re
import unicodedata

from analysis.reports.document import HEIGHT_MM, Bullets, Code, Document, Heading, Paragraph, Picture, Table
from analysis.text import latex_letter

_OPENING = r"""\documentclass[10pt,a4paper]{article}
\usepackage{iftex}
\ifPDFTeX
\usepackage[utf8]{inputenc}
\usepackage[T1]{fontenc}
\usepackage{textcomp}
\IfFileExists{lmodern.sty}{\usepackage{lmodern}}{\usepackage{mathptmx,courier}}
\else
\usepackage{fontspec}
% The first of these fonts that is installed: of the text, of code, of what these lack, and of Chinese and Japanese.
\makeatletter
\newcommand{\firstof}[2]{\def\found{}\@for\name:=#2\do{\expandafter\tryfont\expandafter{\name}{#1}}}
\makeatother
\newcommand{\tryfont}[2]{\ifx\found\empty\IfFontExistsTF{#1}{\def\found{#1}#2{#1}}{}\fi}
\newcommand{\otherletters}{}
\newcommand{\wideletters}{}
\firstof{\setmainfont}{Libertinus Serif,Linux Libertine O,DejaVu Serif,Noto Serif,Times New Roman,Liberation Serif}
\firstof{\setmonofont}{DejaVu Sans Mono,Noto Sans Mono,Courier New,Liberation Mono}
\firstof{\renewfontfamily\otherletters}{DejaVu Sans,Noto Sans,Arial Unicode MS,Arial}
\firstof{\renewfontfamily\wideletters}{Noto Serif CJK SC,Noto Sans CJK SC,Droid Sans Fallback,SimSun,Songti SC}
\fi
\usepackage[margin=18mm]{geometry}
\usepackage{graphicx}
\usepackage{float}
\usepackage{booktabs}
\usepackage{longtable}
\usepackage{array}
\usepackage[font=footnotesize,labelfont=bf,singlelinecheck=false,justification=raggedright]{caption}
\usepackage[hyphens]{url}
\setlength{\parindent}{0pt}
\setlength{\parskip}{5pt plus 1pt}
\setlength{\emergencystretch}{3em}
\setlength{\tabcolsep}{4pt}
\setlength{\LTleft}{0pt}
\setlength{\LTcapwidth}{\textwidth}
\raggedbottom
% A heading with less than 40 mm below it goes to the next page.
\newcommand{\roomy}{\par\vskip0pt plus 40mm\penalty-250\vskip0pt plus -40mm}
% A letter that pdflatex has no font for: its number there; with xelatex and lualatex the letter, if a font has it.
\newcommand{\fromfont}[4]{{#1\iffontchar\font"#2 #3\else#4\fi}}
\DeclareRobustCommand{\letter}[2]{\ifPDFTeX[U+#1]\else
\fromfont{}{#1}{#2}{\fromfont{\otherletters}{#1}{#2}{\fromfont{\wideletters}{#1}{#2}{[U+#1]}}}\fi}
\DeclareRobustCommand{\greek}[3]{\ifPDFTeX$#3$\else\letter{#1}{#2}\fi}
"""
# Letters of words in Greek, as mathematics has them: capitals with the shape of Latin ones too.
_GREEK = {letter: latex_letter(letter).strip("$") for letter in "αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΦΨΩ"}
_GREEK |= {"\u03bf": "o", "ς": r"\varsigma"}
_GREEK |= {letter: f"\\mathrm{{{latin}}}" for letter, latin in zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX", strict=True)}  # noqa: RUF001
_ACCENTS = {"\u0301": r"\acute", "\u0308": r"\ddot"}
# Letters of the T1 encoding that inputenc knows beyond ASCII.
_T1 = frozenset(
    "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØÙÚÛÜÝÞßàáâãäåæçèéêëìíîïðñòóôõöøùúûüýþÿ"
    "ĂăĄąĆćČčĎďĐđĘęĚěĞğİıĹĺĽľŁłŃńŇňŊŋŐőŒœŔŕŘřŚśŞşŠšŢţŤťŮůŰűŸŹźŻżŽž¡¿£§¢«»"
)
# A point of type of the body, in millimetres of a line of a table, on average over letters.
_LETTER_MM, _TEXT_MM = 1.5, 174.0
_LONG = 20
_LINE_MM, _CAPTION_LETTERS = 4.0, 115


def escaped(text: str) -> str:
    r"""Return words as LaTeX prints them as they are: no command, a true minus, and no letter that it does not know.

    Examples
    --------
    >>> print(escaped("−1.2 & 50% (τ², Łódź)"))
    $-$1.2 \& 50\% ($\tau$\textsuperscript{2}, Łódź)
    >>> print(escaped("東"))
    \letter{6771}{東}
    """
    text = unicodedata.normalize("NFC", " ".join(text.split("\n")))
    # What is no word, such as a hash or a DOI, may be broken anywhere.
    return "".join(
        ("\\allowbreak{}" if len(word) > _LONG and re.search(r"\d", word) else "").join(
            map(_greek if _is_greek(word) else _letter, word)
        )
        for word in re.split("( )", text)
    )


def _is_greek(word):
    """Whether a word is a name in Greek, and not a sign such as that of a variance."""
    return sum("GREEK" in unicodedata.name(letter, "") for letter in word) > 1


def _greek(letter):
    """A letter of a word in Greek: for pdflatex, which has no such font, from mathematics."""
    base, *marks = unicodedata.normalize("NFD", letter)
    sign = _GREEK.get(base)
    if sign is None or set(marks) - set(_ACCENTS):
        return _letter(letter)
    for mark in marks:
        sign = f"{_ACCENTS[mark]}{{{sign}}}"
    return f"\\greek{{{ord(letter):04X}}}{{{letter}}}{{{sign}}}"


def _letter(letter):
    made = latex_letter(letter)
    return made if made != letter or letter.isascii() or letter in _T1 else f"\\letter{{{ord(letter):04X}}}{{{letter}}}"


def latex(document: Document) -> dict[str, bytes]:
    """Return the text and the figures, by their names."""
    files = {}
    parts = [
        _OPENING,
        f"\\begin{{document}}\n{{\\LARGE\\bfseries\\raggedright {escaped(document.title)}\\par}}",
    ]
    for _, block in document.numbered():
        if isinstance(block, Picture):
            parts.append(_picture(block, files))
        else:
            parts.append(_SET[type(block)](block))
    text = "\n\n".join([*parts, "\\end{document}"]) + "\n"
    return {"report.tex": text.encode("utf-8", "replace"), **files}


def _heading(block: Heading):
    return f"\\roomy\\{'sub' * (block.level - 1)}section*{{{escaped(block.text)}}}"


def _paragraph(block: Paragraph):
    return escaped(block.cited)


def _bullets(block: Bullets):
    items = "\n".join(f"\\item{{}} {escaped(item)}" for item in block.items)
    return f"\\begin{{itemize}}\n{items}\n\\end{{itemize}}" if items else ""


def _code(block: Code):
    indented = ((len(line) - len(line.lstrip(" ")), line.lstrip(" ")) for line in block.text.split("\n"))
    lines = "\\\\\n".join(f"{{}}{'~' * spaces}{escaped(line) or '~'}" for spaces, line in indented)
    return f"{{\\raggedright\\footnotesize\\ttfamily\n{lines}\\par}}"


def _table(block: Table):
    columns = _columns(block)
    # "l" and "r" columns keep their width; a head over numbers stands where they do.
    heads = " & ".join(escaped(head) for head in block.heads)
    lines = []
    for i, row in enumerate(block.rows):
        cells = [f"\\textbf{{{escaped(cell)}}}" if i in block.bold and cell else escaped(cell) for cell in row]
        # A bracket or a star after the end of a row would be read as a part of it.
        lines.append("{}" + " & ".join(cells) + r" \\")
    top = f"\\toprule\n{heads} \\\\\n\\midrule\n"
    return (
        f"{{\\footnotesize\n\\begin{{longtable}}{{@{{}}{columns}@{{}}}}\n\\caption{{{escaped(block.caption)}}}\\\\\n"
        f"{top}\\endfirsthead\n{top}\\endhead\n\\bottomrule\n\\endlastfoot\n" + "\n".join(lines) + "\n\\end{longtable}}"
    )


def _columns(block):
    """Columns as wide as their texts; where these are wider than the page, the widest are broken into lines."""
    room = _TEXT_MM / _LETTER_MM - 2 * len(block.heads)
    widths, sides = block.widths(room), [block.is_numeric(i) for i in range(len(block.heads))]
    if widths == block.widths(math.inf):
        return "".join("r" if right else "l" for right in sides)
    side = {True: r"\raggedleft", False: r"\raggedright"}
    return "".join(
        f">{{{side[right]}\\arraybackslash}}p{{{width * _LETTER_MM:.1f}mm}}"
        for width, right in zip(widths, sides, strict=True)
    )


def _picture(block: Picture, files):
    """Every page of a figure at the width of the text, and low enough for its caption to stand below."""
    parts = []
    for i, page in enumerate(block.parts, 1):
        name = f"figures/{block.name}{f'-{i}' if len(block.parts) > 1 else ''}.pdf"
        files[name] = block.file("pdf", page)
        last = i == len(block.parts)
        caption = block.caption if last else f"{block.figure.content.title} (continued on the next page)."
        most = HEIGHT_MM - 12 - _LINE_MM * (1 + len(caption) / _CAPTION_LETTERS)
        parts.append(
            "\\begin{figure}[H]\n\\centering\n"
            f"\\includegraphics[width=\\textwidth,height={most:.0f}mm,keepaspectratio]{{{name}}}\n"
            + f"\\caption{{{escaped(caption)}}}\n\\end{{figure}}"
            + ("" if last else "\n\\addtocounter{figure}{-1}")
        )
    return "\n".join(parts)


_SET = {Heading: _heading, Paragraph: _paragraph, Bullets: _bullets, Code: _code, Table: _table}
