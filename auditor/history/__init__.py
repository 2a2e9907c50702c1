"""History: the reports of many runs in one SQLite file, with a row for each change, and the fate of each finding."""
