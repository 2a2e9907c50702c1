"""The commands, one module each, with options and help; what does the work is imported when a command runs."""
