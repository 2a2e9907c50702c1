"""An organization of accounts: each read and judged by itself, none lost, and one report of all."""
