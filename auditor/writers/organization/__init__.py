"""Writers of the report of an organization: a front page, JSON, JSON Lines, CSV, Markdown, and a table."""
