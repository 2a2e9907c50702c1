"""Storage in Amazon S3: a prefix of a bucket, encrypted as the bucket is configured."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from msgspec import Struct

from auditor.collectors.live.refusals import FAULTS, error_code
from auditor.collectors.live.session import service_client
from auditor.errors import OutputError, SourceError

_MISSING = frozenset({"NoSuchKey", "404"})
_EXISTS = frozenset({"PreconditionFailed", "412"})
_READ, _WRITE, _DELETE, _LIST = "s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket"


class Bucket(Struct, frozen=True):
    """Keep files below a prefix of a bucket; each process creates its own client.

    A read returns what was written last, and a write succeeds completely or not at all:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/Welcome.html#ConsistencyModel
    """

    bucket: str
    prefix: str
    profile: str | None = None
    region: str | None = None

    @property
    def place(self) -> str:
        """Return the address of the prefix, as in s3://BUCKET/PREFIX."""
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")

    def read(self, name: str) -> bytes | None:
        """Return the content of an object, None if it is not there; raise SourceError if it cannot be read."""
        try:
            content: bytes = self._client.get_object(Bucket=self.bucket, Key=self._key(name))["Body"].read()
        except FAULTS as error:
            if error_code(error) in _MISSING:
                return None
            raise SourceError(self._problem("read", error), _hint(error, _READ), subject=self._said(name)) from error
        return content

    def write(self, name: str, content: bytes) -> None:
        """Write or replace an object; raise OutputError if that fails."""
        self._put(name, content)

    def add(self, name: str, content: bytes) -> bool:
        """Write an object unless it exists; return whether it was written, raise OutputError if that fails."""
        return self._put(name, content, IfNoneMatch="*")

    def remove(self, name: str) -> None:
        """Remove an object if it exists; raise OutputError if that fails."""
        try:
            self._client.delete_object(Bucket=self.bucket, Key=self._key(name))
        except FAULTS as error:
            raise OutputError(
                self._problem("removed", error), _hint(error, _DELETE), subject=self._said(name)
            ) from error

    def folders(self, name: str) -> Sequence[str]:
        """Return the names of the folders directly below a name, in order; raise SourceError if that fails."""
        above = self._key(f"{name}/") if name else self._key("")
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=above, Delimiter="/")
        try:
            found = [each["Prefix"] for page in pages for each in page.get("CommonPrefixes", ())]
        except FAULTS as error:
            raise SourceError(self._problem("listed", error), _hint(error, _LIST), subject=self._said(name)) from error
        return sorted(each.removeprefix(above).rstrip("/") for each in found)

    @property
    def _client(self) -> Any:
        return client_of(self.profile, self.region)

    def _key(self, name: str) -> str:
        return f"{self.prefix}/{name}" if self.prefix else name

    def _said(self, name: str) -> str:
        return f"{self.place}/{name}"

    def _put(self, name: str, content: bytes, **condition: str) -> bool:
        try:
            self._client.put_object(Bucket=self.bucket, Key=self._key(name), Body=content, **condition)
        except FAULTS as error:
            if condition and error_code(error) in _EXISTS:
                return False
            raise OutputError(
                self._problem("written", error), _hint(error, _WRITE), subject=self._said(name)
            ) from error
        return True

    def _problem(self, done: str, error: Exception) -> str:
        return f"cannot be {done}: {error_code(error)}"


def _hint(error: Exception, action: str) -> str:
    code = error_code(error)
    if code in ("AccessDenied", "403"):
        return f"Grant {action} on this prefix; without s3:ListBucket, S3 denies what is only not there."
    return "Check the name of the bucket, the credentials and the Region." if "Bucket" in code else "Try again."


@cache
def client_of(profile: str | None, region: str | None) -> Any:
    """Return this process's S3 client for a profile and Region."""
    return service_client("s3", profile=profile, region=region)
