"""The report as a page: words, charts, one self-contained HTML file."""
