"""The commands, one module each: options and help; the work is imported when a command runs."""
