"""The names of the files and folders of a run."""

from auditor.organization.records import Account

MANIFEST = "run.json"
RECEIPT = "receipt.json"
REPORT = "report.json.gz"
SNAPSHOT = "snapshot.json.gz"
CAUSES = "causes.json"
PAGE = "report.html"
PARQUET = "findings.parquet"
FOLDER = "account="


def folder_of(account: Account) -> str:
    """Return the folder of an account within a run."""
    return f"{FOLDER}{account.key}"
