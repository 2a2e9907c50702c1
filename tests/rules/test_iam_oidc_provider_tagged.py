"""Cases of iam-oidc-provider-tagged."""

import pytest
import tagged_cases

from auditor.testing import Case, oidc_provider
from rules.iam_oidc_provider_tagged import RULE

CASES = tagged_cases.cases(oidc_provider, "oidc_providers")


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case) -> None:
    case.check(RULE)
