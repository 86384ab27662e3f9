"""What stands beside a figure as Markdown: findings in words, caption, table and alternative text."""

from analysis.plots._phrases import translator
from analysis.plots._write import missing_letters
from analysis.text import MINUS

_FOREST = {
    "Trial": ("text_name",),
    "Patients, treatment": ("text_n_treatment",),
    "Patients, placebo": ("text_n_placebo",),
    "Change, placebo": ("text_placebo",),
    "Change, treatment": ("text_treatment",),
    "Difference": ("text_estimate", "text_low", "text_high"),
    "Weight": ("text_weight",),
}
_PLAIN = ("trial", "claim", "option")  # every other kind of row is a group or a result, and set in bold


def caption_file(fig):
    """Return the findings in words (where there are any), caption, table and alternative text as Markdown."""
    content, missing = fig.content, missing_letters(fig)
    say = translator(content.labels or {})
    parts = {
        "In words": "\n".join(f"- {line}" for line in content.in_words.splitlines()),
        "Caption": content.caption + (f" {missing}." if missing else ""),
        "Table": _markdown(content.table, content.printed or _FOREST, say),
        "Alternative text": content.alt_text,
    }
    sections = [f"## {say(name)}\n\n{text}\n" for name, text in parts.items() if text]
    return "\n".join([f"# {content.title}\n", *sections])


def _markdown(table, printed, say):
    """Return the rows with printed text as a Markdown table, group names and results in bold."""
    heads = [head for head, parts in printed.items() if parts[0] in table]
    texts = table[[part for head in heads for part in printed[head]]]
    texts = texts.astype(object).where(texts.notna(), "")
    right = [all(_is_number(cell) for cell in texts[printed[head][0]]) for head in heads]
    lines = [list(map(say, heads)), ["---:" if numeric else "---" for numeric in right]]
    for row, kind in zip(texts.to_dict("records"), table["kind"], strict=True):
        cells = [" ".join(row[part] for part in printed[head] if row[part]) for head in heads]
        own = kind in _PLAIN  # words from the data are left alone
        cells = [(cell if own and not _is_number(cell) else say(cell)).replace("|", "\\|") for cell in cells]
        if any(cells):
            lines.append(cells if kind in _PLAIN else [f"**{cell}**" if cell else "" for cell in cells])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _is_number(text):
    return not text or text.lstrip("[(" + MINUS)[:1].isdigit()
