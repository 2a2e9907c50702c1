"""Cases of iam-server-certificate-tagged."""

import pytest
import tagged_cases

from auditor.testing import Case, server_certificate
from rules.iam_server_certificate_tagged import RULE

CASES = tagged_cases.cases(server_certificate, "server_certificates")


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case) -> None:
    case.check(RULE)
