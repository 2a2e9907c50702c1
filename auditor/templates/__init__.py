"""Templates: YAML and JSON read into nodes that know their line, and the functions of CloudFormation over them."""
