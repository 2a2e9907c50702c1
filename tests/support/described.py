"""The sources that need a call for each resource, with the lists of these resources."""

from auditor.account.kinds import listed_kinds

DESCRIBED = {kind.described_by: listing for kind, listing, _ in listed_kinds() if kind.described_by is not None}
