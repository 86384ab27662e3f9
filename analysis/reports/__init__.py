"""A folder for a reader: methods and results in words, and one report as HTML, Word, LaTeX, Markdown and JSON."""
