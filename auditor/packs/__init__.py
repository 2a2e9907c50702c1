"""Documents of conformance packs."""
