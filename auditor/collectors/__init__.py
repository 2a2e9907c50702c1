"""Collectors: each reads an account from one kind of source (AWS, AWS CLI output, a saved snapshot) as a snapshot."""
