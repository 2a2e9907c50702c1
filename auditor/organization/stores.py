"""Opens stores and runs by the place that people write: a folder, or a prefix of an S3 bucket."""

import re

from auditor.errors import UsageError
from auditor.organization.storage import Folder, Store

S3 = "s3://"
_BUCKET = re.compile("[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


def storage_of(
    place: str, *, profile: str | None = None, region: str | None = None, named_by: str = "--store"
) -> Store:
    """Return the storage at a place, S3 with this profile; raise UsageError for an invalid place.

    `named_by` is the option or argument that the error names.
    """
    if not place.strip() or "\0" in place:
        raise UsageError("is empty", "Name a folder, or s3://BUCKET/PREFIX.", subject=named_by)
    if not place.startswith(S3):
        return Folder(place.rstrip("/") or "/")
    bucket, _, prefix = place.removeprefix(S3).partition("/")
    if not _BUCKET.fullmatch(bucket):
        raise UsageError(f"{place!r} names no bucket", "Write s3://BUCKET/PREFIX.", subject=named_by)
    from auditor.organization.s3 import Bucket  # boto3: 380 ms

    return Bucket(bucket, prefix.strip("/"), profile, region)


def opened_run(place: str) -> tuple[Store, str]:
    """Return the storage and the name of the run at a place, such as runs/org=o-a1b2c3/date=20261124T020000Z.

    A run may have been copied to any other place. Raises UsageError for an invalid place.
    """
    root, slash, name = place.rstrip("/").rpartition("/")
    above, _, organization = root.rpartition("/")
    if organization.startswith("org="):  # where runs are made; a run that is resumed keeps its name
        root, name = above, f"{organization}/{name}"
    if not name:
        raise UsageError("is not the folder of a run", "Give the folder that holds run.json.", subject=place or "RUN")
    return storage_of(root or ("/" if slash and place.startswith("/") else "."), named_by="RUN"), name
