"""Live collection: AWS itself is asked."""
