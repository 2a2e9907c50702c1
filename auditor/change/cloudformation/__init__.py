"""CloudFormation templates, read into the steps of a change."""
