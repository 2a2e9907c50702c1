"""The names of the files that are read of a folder of AWS CLI output."""

CERTIFICATES, CERTIFICATE_TAGS = "server-certificates*.json", "server-certificate-tags-*.json"
OIDC_PROVIDERS, OIDC_PROVIDER = "open-id-connect-providers.json", "open-id-connect-provider-*.json"
SAML_PROVIDERS, SAML_TAGS = "saml-providers.json", "saml-provider-tags-*.json"
ANALYZERS = "access-analyzers*.json"
ORGANIZATION = "organization.json"
POLICY = "policy-*.json"
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
)
"""The files of these sources, as patterns of names."""
DETAILS = "account-authorization-details*.json"
REPORT_CSV = "credential-report.csv"
REPORT_JSON = "credential-report.json"
PASSWORD_POLICY = "account-password-policy.json"
SUMMARY = "account-summary.json"
DEVICES = "virtual-mfa-devices*.json"
FILES = (DETAILS, REPORT_CSV, REPORT_JSON, PASSWORD_POLICY, SUMMARY, DEVICES, *SINGLE_FILES)
