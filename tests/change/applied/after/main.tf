terraform {
  required_providers { aws = { source = "hashicorp/aws" } }
}
provider "aws" {
  region                  = "us-east-1"
  skip_metadata_api_check = true
  max_retries             = 1
}
locals {
  read  = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "s3:GetObject", Resource = "*" }] })
  all   = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "*", Resource = "*" }] })
  admin = "arn:aws:iam::aws:policy/AdministratorAccess"
}
resource "aws_iam_user" "person" {
  for_each = toset(["ann", "bob", "dee", "eve"])
  name     = each.key == "bob" ? "bea" : each.key
}
resource "aws_iam_group" "team" {
  for_each = toset(["ops", "dev", "new"])
  name     = each.key
}
resource "aws_iam_group_membership" "ops" {
  name  = "ops"
  group = aws_iam_group.team["ops"].name
  users = [aws_iam_user.person["eve"].name]
}
resource "aws_iam_user_group_membership" "dee" {
  user   = aws_iam_user.person["dee"].id
  groups = [aws_iam_group.team["new"].name]
}
resource "aws_iam_policy" "edited" {
  name        = "edited"
  description = "what it is for"
  policy      = local.all
}
resource "aws_iam_policy" "renamed" {
  name   = "after"
  policy = local.read
}
resource "aws_iam_user_policy_attachment" "renamed" {
  user       = aws_iam_user.person["dee"].name
  policy_arn = aws_iam_policy.renamed.arn
}
resource "aws_iam_policy_attachment" "edited" {
  name       = "edited"
  policy_arn = aws_iam_policy.edited.arn
  groups     = [aws_iam_group.team["ops"].name]
  roles      = [aws_iam_role.worker.name]
}
resource "aws_iam_user_policy" "ann" {
  name   = "inline"
  user   = aws_iam_user.person["ann"].name
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "s3:GetObject", Resource = aws_iam_user.person["eve"].arn }] })
}
resource "aws_iam_role" "worker" {
  name                = "worker"
  assume_role_policy  = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com" } }] })
  managed_policy_arns = [aws_iam_policy.edited.arn, local.admin]
}
resource "aws_iam_role_policies_exclusive" "worker" {
  role_name    = aws_iam_role.worker.name
  policy_names = []
}
resource "aws_iam_user_policy_attachments_exclusive" "outsider" {
  user_name   = "outsider"
  policy_arns = []
}
resource "aws_iam_role" "fresh" {
  name_prefix        = "fresh-"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com" } }] })
  inline_policy {
    name   = "within"
    policy = local.read
  }
}
resource "aws_iam_role_policy_attachment" "fresh" {
  role       = aws_iam_role.fresh.name
  policy_arn = local.admin
}
resource "aws_iam_user_login_profile" "eve" {
  user                    = aws_iam_user.person["eve"].name
  password_reset_required = true
}
resource "aws_iam_access_key" "eve" {
  user = aws_iam_user.person["eve"].name
}
resource "aws_iam_account_password_policy" "strict" {
  minimum_password_length = 8
}
resource "aws_iam_openid_connect_provider" "ci" {
  url             = "https://ci.example.com"
  client_id_list  = ["sts.amazonaws.com"]
  thumbprint_list = ["0000000000000000000000000000000000000000"]
  tags            = { owner = "platform" }
}
