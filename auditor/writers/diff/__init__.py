"""Writers of diffs: the changes between two reports, as text for a terminal, JSON, Markdown and HTML."""
