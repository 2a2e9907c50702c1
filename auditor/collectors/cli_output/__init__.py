"""AWS CLI output: a folder of files that somebody wrote with the AWS CLI."""
