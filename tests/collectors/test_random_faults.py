"""Two hundred mixtures of all faults: whatever goes wrong, and in whatever order, nothing is known that is not so."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from random import Random

import pytest
from aws_server import Disturbance
from faulty_account import GONE, FaultyAccount, Reading, faulty_account
from faulty_aws import Chaos, Throttle, planned
from less_known import contradictions
from live_account import NOW, FakeClock
from msgspec import structs

from auditor.account.snapshot import dump, load

SEEDS = 200
BATCH = 10  # readings a test: few enough to share the work, enough to make little of each test's own cost
CALM = planned("500", times=0)


@pytest.fixture(scope="module", name="aws")
def served_account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultyAccount]:
    with faulty_account(tmp_path_factory.mktemp("aws")) as account:
        yield account


@pytest.fixture(scope="module")
def wholes(aws: FaultyAccount) -> dict[bool, Reading]:
    """Return undisturbed readings, by whether a young report is there or one has to be made."""
    return {young: aws.read(CALM, last_report=aws.report if young else None) for young in (True, False)}


def random_reading(aws: FaultyAccount, seed: int, *, young: bool) -> Reading:
    """Read the account through a mixture of faults, pages, throttling, time-outs and states of the report."""
    chance = Random(seed)
    pages = [chance.randrange(4) for _ in range(chance.randrange(4))] + [chance.choice([1, 2, 1000])]
    rate = chance.choice([0.1, 1.0, 100.0])

    def throttled(clock: FakeClock, faults: Disturbance) -> Disturbance:
        return Throttle(clock.timer, faults, burst=chance.randrange(1, 20), per_second=rate)

    expired = aws.report._replace(generated_at=NOW - timedelta(days=1), ready_at=NOW - timedelta(days=1))
    return aws.read(
        Chaos(seed),
        pages=pages,
        last_report=aws.report if young else chance.choice([None, expired]),
        report_seconds=chance.choice([0, 3, 40, 10_000]),
        around=throttled if chance.random() < 0.3 else lambda _, faults: faults,
        timeout_s=chance.choice([1800, 60]),
        hasty=True,
    )


@pytest.mark.parametrize("first", range(0, SEEDS, BATCH))
def test_no_mixture_of_faults_loses_or_guesses_anything(
    aws: FaultyAccount,
    wholes: dict[bool, Reading],
    first: int,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    uncaught: list[object] = []
    monkeypatch.setattr(threading, "excepthook", uncaught.append)
    for seed in range(first, first + BATCH):
        young = seed % 3 > 0
        try:
            reading = random_reading(aws, seed, young=young)
        except Exception as error:
            raise AssertionError(f"seed {seed}: {type(error).__name__}") from error
        found = contradictions(wholes[young].snapshot, reading.snapshot, gone=[GONE])
        assert not found, f"seed {seed}: {found} after {reading.faults.served}"
        undated = structs.replace(reading.snapshot, captured_at=None, report_generated_at=None)  # the test's own times
        assert load(dump(undated), "the snapshot") == undated, f"seed {seed}"
        assert (uncaught, capfd.readouterr().err) == ([], ""), f"seed {seed}"
