"""History: many nights of reports in one SQLite file, a row for each change, and what became of each finding."""
