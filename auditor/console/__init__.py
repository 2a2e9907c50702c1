"""The console: the command line, and what it shows on a terminal."""
