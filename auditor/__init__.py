"""The engine of iam-audit: AWS Config's managed IAM rules over a snapshot of an account."""

__version__ = "0.1.0"
