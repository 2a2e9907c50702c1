"""The report: what is counted and said of an audit, and the exit code that follows from it."""
