"""The names of the files that are read in a folder of AWS CLI output, and suggestions for similar names."""

import re
from fnmatch import fnmatchcase

CERTIFICATES, CERTIFICATE_TAGS = "server-certificates*.json", "server-certificate-tags-*.json"
OIDC_PROVIDERS, OIDC_PROVIDER = "open-id-connect-providers.json", "open-id-connect-provider-*.json"
SAML_PROVIDERS, SAML_TAGS = "saml-providers.json", "saml-provider-tags-*.json"
ANALYZERS = "access-analyzers*.json"
ORGANIZATION = "organization.json"
POLICY = "policy-*.json"
LOGIN_PROFILES = "login-profiles*.json"
SERVICE_CREDENTIALS = "service-specific-credentials*.json"
SINGLE_FILES = (
    CERTIFICATES,
    CERTIFICATE_TAGS,
    OIDC_PROVIDERS,
    OIDC_PROVIDER,
    SAML_PROVIDERS,
    SAML_TAGS,
    ANALYZERS,
    ORGANIZATION,
    POLICY,
    LOGIN_PROFILES,
    SERVICE_CREDENTIALS,
)
"""The files of these sources, as patterns of names."""
DETAILS = "account-authorization-details*.json"
REPORT_CSV = "credential-report.csv"
REPORT_JSON = "credential-report.json"
REPORT_DOWNLOAD = "status_reports_*.csv"
"""The file name of a credential report downloaded from the IAM console."""
PASSWORD_POLICY = "account-password-policy.json"
SUMMARY = "account-summary.json"
DEVICES = "virtual-mfa-devices*.json"
FILES = (DETAILS, REPORT_CSV, REPORT_JSON, REPORT_DOWNLOAD, PASSWORD_POLICY, SUMMARY, DEVICES, *SINGLE_FILES)

_ADDED = re.compile(r"(?:[ ._-]*\(?(?:copy|\d)\)?)?(?P<end>\.json|\.csv)(?:\.txt|\.json|\.csv)?$")
"""Suffixes that browsers, editors and file managers add to a name."""
_CLOSE = 0.85  # difflib's ratio: one or two letters differ


def meant(name: str) -> str | None:
    """Return the name or pattern that the name of an ignored file is similar to, or None."""
    from difflib import get_close_matches  # imported late: for mistakes only

    plain = _ADDED.sub(r"\g<end>", re.sub(r"[\s_]+", "-", name.lower()))
    like = (pattern for pattern in FILES if fnmatchcase(plain, pattern))
    close = get_close_matches(plain, [pattern for pattern in FILES if "*" not in pattern], 1, _CLOSE)
    return next(like, None) or next(iter(close), None)
