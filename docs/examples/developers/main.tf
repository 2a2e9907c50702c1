# The group of the developers, and the policy that lets each of them set up an MFA device of their own.
# Until they have signed in with it, they may do nothing else.

data "aws_caller_identity" "here" {}

locals {
  own_user   = "arn:aws:iam::${data.aws_caller_identity.here.account_id}:user/$${aws:username}"
  own_device = "arn:aws:iam::${data.aws_caller_identity.here.account_id}:mfa/$${aws:username}"
  devices    = "arn:aws:iam::${data.aws_caller_identity.here.account_id}:mfa/*"
}

data "aws_iam_policy_document" "own_mfa" {
  statement {
    sid       = "SeeWhatThereIs"
    actions   = ["iam:ListUsers", "iam:ListVirtualMFADevices"]
    resources = ["*"]
  }

  statement {
    sid       = "SeeOwnDevices"
    actions   = ["iam:ListMFADevices"]
    resources = [local.devices, local.own_user]
  }

  statement {
    sid = "SetUpOwnDevice"
    actions = [
      "iam:CreateVirtualMFADevice",
      "iam:DeleteVirtualMFADevice",
      "iam:EnableMFADevice",
      "iam:ResyncMFADevice",
    ]
    resources = [local.own_device, local.own_user]
  }

  statement {
    sid       = "GiveUpOwnDeviceWithMfa"
    actions   = ["iam:DeactivateMFADevice"]
    resources = [local.own_device, local.own_user]

    condition {
      test     = "Bool"
      variable = "aws:MultiFactorAuthPresent"
      values   = ["true"]
    }
  }

  statement {
    sid    = "NothingElseWithoutMfa"
    effect = "Deny"
    not_actions = [
      "iam:CreateVirtualMFADevice",
      "iam:EnableMFADevice",
      "iam:ListMFADevices",
      "iam:ListUsers",
      "iam:ListVirtualMFADevices",
      "iam:ResyncMFADevice",
    ]
    resources = ["*"]

    condition {
      test     = "BoolIfExists"
      variable = "aws:MultiFactorAuthPresent"
      values   = ["false"]
    }
  }
}

resource "aws_iam_policy" "own_mfa" {
  name        = "enable-mfa-device"
  description = "Lets users set up their own MFA device, and nothing else before they have"
  policy      = data.aws_iam_policy_document.own_mfa.json
}

resource "aws_iam_group" "developers" {
  name = "developers"
}

resource "aws_iam_group_policy_attachment" "power_user" {
  group      = aws_iam_group.developers.name
  policy_arn = "arn:aws:iam::aws:policy/PowerUserAccess"
}

resource "aws_iam_group_policy_attachment" "own_mfa" {
  group      = aws_iam_group.developers.name
  policy_arn = aws_iam_policy.own_mfa.arn
}
