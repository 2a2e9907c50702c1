"""Built-in rules, one module each; a file's name is the AWS rule's name with '_' for '-'."""
