"""Writers of the results of a history: tables, Markdown, HTML and JSON."""
