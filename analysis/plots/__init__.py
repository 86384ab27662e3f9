"""Figures of results: a table of rows in, a matplotlib Figure out, never a statistic computed here."""
