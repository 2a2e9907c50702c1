"""`iam-audit evidence`: packs of stored reports that somebody else can check."""

from typing import Any

import click

from auditor.console.groups import Commands
from auditor.console.options import PACK_VERIFY_CODES, WRITTEN_CODES, quiet_option, text_or_json
from auditor.console.requests import EvidenceMakeRequest, EvidenceVerifyRequest, request_of
from auditor.console.values import day, files, without_signatures


@click.group("evidence", cls=Commands)
def evidence_group() -> None:
    """Make a pack of stored reports for an auditor, and check one."""


@evidence_group.command("make", epilog=WRITTEN_CODES)
@click.argument(
    "reports", nargs=-1, required=True, callback=without_signatures, shell_complete=files, metavar="REPORT.json..."
)
@click.option(
    "--snapshot",
    "snapshots",
    multiple=True,
    shell_complete=files,
    metavar="FILE",
    help="Enclose a snapshot, so that its report can be judged again; repeatable.",
)
@click.option(
    "--timestamp",
    "timestamps",
    multiple=True,
    shell_complete=files,
    metavar="REPLY.tsr",
    help="Enclose an authority's time stamp (RFC 3161) of a report or an enclosed snapshot; repeatable.",
)
@click.option(
    "--history", shell_complete=files, metavar="FILE", help="Name runs of this history whose report is not enclosed."
)
@click.option("--from", "first", type=day, metavar="DATE", help="The first day (UTC) [that of the first report].")
@click.option("--to", "last", type=day, metavar="DATE", help="The last day (UTC) [that of the last report].")
@click.option(
    "--sample", type=click.IntRange(1, 100_000), metavar="NUMBER", help="Draw so many NON_COMPLIANT findings at random."
)
@click.option("--seed", type=int, metavar="NUMBER", help="The same seed draws the same sample; needed by --sample.")
@click.option(
    "--sign",
    shell_complete=files,
    metavar="KEY",
    help="Sign with this key, a file or env:NAME; the signature is PACK.zip.dsse.json.",
)
@click.option(
    "-o", "--output", "path", required=True, shell_complete=files, metavar="PACK.zip", help="The file to write."
)
@quiet_option
def evidence_make(**options: Any) -> int:
    """Put the reports of a period into one archive.

    It holds the reports as they are, an index for people (index.html) and for programs (index.json), and checksums. The
    index lists each run, the days without a run, the suppressions, and the digests of the rules. Reports of other days
    are left out, and signatures (.dsse.json) among the files are passed over. The same files and options give the same
    archive, byte for byte.

    Keys are Ed25519 keys in PEM, and signatures are DSSE envelopes. They and time stamps need the extra `sign`.

    A snapshot holds the whole IAM of the account. Enclose only those that the reader may see.

    \b
    Examples:
      iam-audit evidence make reports/*.json -o pack.zip
      iam-audit evidence make reports/*.json --from 2026-10-01 --to 2026-12-31
          --snapshot 2026-12-31.json.gz --sample 25 --seed 7 -o q4.zip
    """
    from auditor.console.evidence import make

    return make(request_of(EvidenceMakeRequest, options))


@evidence_group.command("verify", epilog=PACK_VERIFY_CODES)
@click.argument("file", shell_complete=files, metavar="FILE")
@click.option(
    "--key",
    shell_complete=files,
    metavar="PUBLIC",
    help="Check the signature with this public key, a file or env:NAME.",
)
@click.option("--signature", shell_complete=files, metavar="FILE", help="The signature [FILE.dsse.json].")
@click.option(
    "--snapshot",
    shell_complete=files,
    metavar="FILE",
    help="Judge a JSON report again from this snapshot of its account.",
)
@click.option(
    "--timestamp",
    "timestamps",
    multiple=True,
    shell_complete=files,
    metavar="REPLY.tsr",
    help="Check this time stamp (RFC 3161) of the file or, with --key, of its signature; repeatable.",
)
@click.option(
    "--tsa-roots",
    shell_complete=files,
    metavar="ROOTS.pem",
    help="Check that time stamps are by an authority with one of these root certificates.",
)
@text_or_json
@quiet_option
def evidence_verify(**options: Any) -> int:
    """Check a pack, a signed report, or the signature of any file.

    Each checksum of a pack is compared, the index is made again from the reports, and the rules of each report run
    again over its snapshot, if that is enclosed. Whatever differs is named.

    A JSON report is read, and what its signature says is compared with it. With --snapshot its rules run again. Of any
    other file, such as an HTML report, the signature and the time stamps are checked alone.

    Only a signature, checked with a key that you trust, shows who made a file. Only a time stamp, checked with root
    certificates that you trust, shows when it existed.

    \b
    Examples:
      iam-audit evidence verify pack.zip
      iam-audit evidence verify pack.zip --key auditee.pub.pem
      iam-audit evidence verify pack.zip --key auditee.pub.pem
          --timestamp pack.zip.dsse.json.tsr --tsa-roots authority.pem
      iam-audit evidence verify report.json --key auditee.pub.pem
          --snapshot monday.json.gz
    """
    from auditor.console.evidence_verifying import verify

    return verify(request_of(EvidenceVerifyRequest, options))


command = evidence_group
