"""Live collection: reading an account with calls to AWS."""
