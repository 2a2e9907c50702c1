"""Reading AWS Config's results in one call, for programs; the command line connects by itself."""

from auditor.collectors.live.session import LiveOptions, connect
from auditor.parity.live import collect_config_results as collect_over
from auditor.parity.results import ConfigResults


def collect_config_results(
    *,
    profile: str | None = None,
    region: str | None = None,
    role_arn: str | None = None,
    external_id: str | None = None,
    timeout_s: float | None = None,
) -> ConfigResults:
    """Return what AWS Config says, in one Region, of its rules about IAM; the options are those of `collect`.

    Raises SourceError where AWS cannot be reached, the credentials are not valid, or the rules cannot be read.
    """
    options = LiveOptions(profile=profile, region=region, role_arn=role_arn, external_id=external_id)
    connection = connect(options, ask_code=None)
    return collect_over(connection, timeout_s=options.timeout_s if timeout_s is None else timeout_s)
