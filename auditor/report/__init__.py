"""The report: the findings of an audit with their counts and summaries, and the exit code that follows from them."""
