"""Executors: where the work on accounts is done, each behind the same function from accounts to what came of them."""
