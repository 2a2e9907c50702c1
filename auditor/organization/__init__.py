"""Organizations: many accounts, each read and judged by itself, and one report of all of them."""
