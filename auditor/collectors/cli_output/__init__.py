"""AWS CLI output: reading a folder of files that were written with the AWS CLI."""
