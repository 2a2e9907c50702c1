"""The account: what is known of it, what is not known, and why."""
