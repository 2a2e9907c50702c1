"""Writers of diffs: what changed between two reports, as text for a terminal, JSON, Markdown and HTML."""
