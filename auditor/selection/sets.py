"""The named sets of rules: default, core, AWS Config's, practices, all, and one for each framework."""

from enum import StrEnum

from auditor.account.sources import Source
from auditor.judging.catalogue import is_managed
from auditor.judging.rule import Rule, RuleOrigin

CORE = frozenset(
    {
        "iam-group-has-users-check",
        "iam-password-policy",
        "iam-user-group-membership-check",
        "iam-user-no-policies-check",
        "mfa-enabled-for-iam-console-access",
    }
)


class RuleSet(StrEnum):
    """List the sets of rules: the default, the five core rules, AWS Config's, ours, all installed, and frameworks.

    The default set is AWS Config's, without rules that need one AWS call for each policy; accounts may have thousands.

    A rule that needs a value from the user is in a set only if the value is given. A framework's name
    is the set of the rules that support its controls, with the values that the controls require.
    """

    CORE = "core"
    DEFAULT = "default"
    AWS_CONFIG = "aws-config"
    PRACTICES = "practices"
    ALL = "all"
    CIS_AWS_1_2 = "CIS-AWS-1.2"
    CIS_AWS_1_4 = "CIS-AWS-1.4"
    CIS_AWS_1_5 = "CIS-AWS-1.5"
    CIS_AWS_2_0 = "CIS-AWS-2.0"
    CIS_AWS_3_0 = "CIS-AWS-3.0"
    CIS_AWS_4_0_1 = "CIS-AWS-4.0.1"
    CIS_AWS_5_0 = "CIS-AWS-5.0"
    CIS_AWS_6_0 = "CIS-AWS-6.0"
    CIS_AWS_7_0 = "CIS-AWS-7.0"
    SECURITY_HUB = "SecurityHub"
    FSBP = "FSBP"
    NIST_800_53_R5 = "NIST-800-53-r5"
    NIST_800_171_R2 = "NIST-800-171-r2"
    PCI_DSS_3_2_1 = "PCI-DSS-3.2.1"
    PCI_DSS_4_0_1 = "PCI-DSS-4.0.1"
    NIST_800_53_R4_CONFIG_PACK = "NIST-800-53-r4-ConfigPack"
    NIST_800_53_R5_CONFIG_PACK = "NIST-800-53-r5-ConfigPack"
    NIST_CSF_1_1_CONFIG_PACK = "NIST-CSF-1.1-ConfigPack"
    PCI_DSS_3_2_1_CONFIG_PACK = "PCI-DSS-3.2.1-ConfigPack"
    PCI_DSS_4_0_CONFIG_PACK = "PCI-DSS-4.0-ConfigPack"

    @property
    def is_framework(self) -> bool:
        """Return whether the set is a framework, whose rules run with the framework's values."""
        return self not in (RuleSet.DEFAULT, RuleSet.CORE, RuleSet.AWS_CONFIG, RuleSet.PRACTICES, RuleSet.ALL)


def sets_of(rule: Rule) -> tuple[RuleSet, ...]:
    """Return the sets that a rule is in."""
    member_of = {
        RuleSet.CORE: rule.id in CORE,
        RuleSet.DEFAULT: is_managed(rule) and Source.POLICY_DESCRIPTIONS not in rule.reads,
        RuleSet.AWS_CONFIG: is_managed(rule),
        RuleSet.PRACTICES: rule.origin is RuleOrigin.IAM_AUDIT,
        RuleSet.ALL: True,
    }
    return tuple(name for name, member in member_of.items() if member)
