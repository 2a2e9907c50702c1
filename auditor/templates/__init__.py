"""Templates: YAML and JSON read into nodes that keep their line numbers, and CloudFormation's functions on them."""
