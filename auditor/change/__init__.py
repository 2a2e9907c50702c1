"""Planned changes: Terraform plans and CloudFormation templates, judged before they are deployed."""
