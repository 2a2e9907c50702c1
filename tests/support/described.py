"""The sources that take a call for each resource, and the lists whose resources those are."""

from auditor.account.kinds import listed_kinds

DESCRIBED = {kind.described_by: listing for kind, listing, _ in listed_kinds() if kind.described_by is not None}
