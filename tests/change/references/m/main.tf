variable "prefix" { type = string }
resource "aws_iam_role" "this" {
  name_prefix        = var.prefix
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [] })
}
resource "aws_iam_role_policy" "own" {
  role   = aws_iam_role.this.id
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "*", Resource = aws_iam_role.this.arn }] })
}
output "name" { value = aws_iam_role.this.name }
