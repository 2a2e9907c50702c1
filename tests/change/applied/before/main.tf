terraform {
  required_providers { aws = { source = "hashicorp/aws" } }
}
provider "aws" {
  region                  = "us-east-1"
  skip_metadata_api_check = true
  max_retries             = 1
}
locals {
  read = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "s3:GetObject", Resource = "*" }] })
  all  = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "*", Resource = "*" }] })
}
resource "aws_iam_user" "person" {
  for_each = toset(["ann", "bob", "cy", "dee"])
  name     = each.key
}
resource "aws_iam_group" "team" {
  for_each = toset(["ops", "dev", "old"])
  name     = each.key
}
resource "aws_iam_group_membership" "ops" {
  name  = "ops"
  group = aws_iam_group.team["ops"].name
  users = [aws_iam_user.person["ann"].name, aws_iam_user.person["bob"].name]
}
resource "aws_iam_user_group_membership" "cy" {
  user   = aws_iam_user.person["cy"].name
  groups = [aws_iam_group.team["dev"].name]
}
resource "aws_iam_user_group_membership" "dee" {
  user   = aws_iam_user.person["dee"].name
  groups = [aws_iam_group.team["old"].name]
}
resource "aws_iam_policy" "edited" {
  name        = "edited"
  description = "what it is for"
  policy      = local.read
}
resource "aws_iam_policy" "gone" {
  name   = "gone"
  policy = local.all
}
resource "aws_iam_policy" "renamed" {
  name   = "before"
  policy = local.read
}
resource "aws_iam_user_policy_attachment" "renamed" {
  user       = aws_iam_user.person["dee"].name
  policy_arn = aws_iam_policy.renamed.arn
}
resource "aws_iam_policy_attachment" "edited" {
  name       = "edited"
  policy_arn = aws_iam_policy.edited.arn
  users      = [aws_iam_user.person["ann"].name]
  groups     = [aws_iam_group.team["ops"].name]
}
resource "aws_iam_user_policy" "bob" {
  name   = "inline"
  user   = aws_iam_user.person["bob"].name
  policy = local.all
}
resource "aws_iam_group_policy" "dev" {
  name   = "inline"
  group  = aws_iam_group.team["dev"].name
  policy = local.read
}
resource "aws_iam_role" "worker" {
  name                = "worker"
  assume_role_policy  = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com" } }] })
  managed_policy_arns = [aws_iam_policy.edited.arn]
}
resource "aws_iam_role_policy" "worker" {
  name   = "inline"
  role   = aws_iam_role.worker.id
  policy = local.read
}
resource "aws_iam_account_password_policy" "strict" {
  minimum_password_length      = 14
  require_symbols              = true
  require_numbers              = true
  require_uppercase_characters = true
  require_lowercase_characters = true
  max_password_age             = 90
  password_reuse_prevention    = 24
}
resource "aws_iam_openid_connect_provider" "ci" {
  url             = "https://ci.example.com"
  client_id_list  = ["sts.amazonaws.com"]
  thumbprint_list = ["0000000000000000000000000000000000000000"]
}
