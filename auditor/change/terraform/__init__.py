"""Terraform plans: what `terraform show -json` writes, read into the steps of a change."""
