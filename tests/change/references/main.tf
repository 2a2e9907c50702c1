terraform {
  required_providers { aws = { source = "hashicorp/aws" } }
}
provider "aws" {
  access_key                  = "testing"
  secret_key                  = "testing"
  region                      = "us-east-1"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_region_validation      = true
  skip_requesting_account_id  = true
}
module "role" {
  for_each = toset(["a", "b"])
  source   = "./m"
  prefix   = each.key
}
module "one" {
  source = "./m"
  prefix = "one"
}
resource "aws_iam_role_policy_attachment" "by_output" {
  role       = module.one.name
  policy_arn = "arn:aws:iam::aws:policy/AdministratorAccess"
}
resource "aws_iam_role_policy_attachment" "by_keyed_output" {
  role       = module.role["a"].name
  policy_arn = "arn:aws:iam::aws:policy/AdministratorAccess"
}
resource "aws_iam_policy" "many" {
  count       = 2
  name_prefix = "p${count.index}-"
  policy      = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "s3:Get*", Resource = "*" }] })
}
resource "aws_iam_user" "u" {
  for_each = { x = 0, y = 1 }
  name     = each.key
}
resource "aws_iam_user_policy_attachment" "one" {
  user       = aws_iam_user.u["x"].name
  policy_arn = aws_iam_policy.many[0].arn
}
resource "aws_iam_group" "g" {
  name = "g"
}
resource "aws_iam_user_group_membership" "all" {
  for_each = aws_iam_user.u
  user     = each.value.name
  groups   = [aws_iam_group.g.name]
}
