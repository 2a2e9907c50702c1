"""Writers: each writes a finished report in one format."""
