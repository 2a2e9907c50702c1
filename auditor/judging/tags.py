"""Tags: the check of AWS Config's `*-tagged` rules, which is the same for every resource type.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html
"""

from collections.abc import Mapping

from msgspec import Struct

from auditor.account.sources import Source
from auditor.judging.rule import Evidence, Verdict, compliant, non_compliant

_RESERVED = "aws:"  # AWS sets such tags itself


class RequiredTags(Struct, frozen=True):
    """Hold the parameters in AWS's spelling; raise ValueError for a key that no user can set."""

    requiredKeyTags: tuple[str, ...] | None = None  # noqa: N815 - AWS's spelling

    def __post_init__(self) -> None:
        """Raise ValueError for keys that AWS reserves: users cannot create such tags."""
        reserved = [key for key in self.requiredKeyTags or () if key.startswith(_RESERVED)]
        if reserved:
            raise ValueError(f"requiredKeyTags is {', '.join(reserved)!r}, and keys that start with aws: are AWS's own")


def tagged(tags: Mapping[str, str], required: RequiredTags, source: Source) -> Verdict:
    """Judge a resource by the keys of its tags, ignoring those that AWS sets."""
    keys = sorted(key for key in tags if not key.startswith(_RESERVED))
    evidence = Evidence("tags", keys, source)
    if not keys:
        return non_compliant("The resource has no tags", evidence)
    missing = [key for key in required.requiredKeyTags or () if key not in keys]
    if missing:
        return non_compliant(f"The resource has no tag {', '.join(missing)}", evidence)
    return compliant(f"The resource is tagged: {', '.join(keys)}", evidence)
