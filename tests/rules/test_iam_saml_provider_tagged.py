"""Cases of iam-saml-provider-tagged."""

import pytest
import tagged_cases

from auditor.testing import Case, saml_provider
from rules.iam_saml_provider_tagged import RULE

CASES = tagged_cases.cases(saml_provider, "saml_providers")


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case) -> None:
    case.check(RULE)
