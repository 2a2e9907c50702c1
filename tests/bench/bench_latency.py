"""How long a live collection takes when every call takes its time, against what cannot be avoided.

That is the latencies of the calls that must follow one another (whose account it is, then each page of the longest
list), and the time in which botocore's own parser turns the same answers into dictionaries, one after the other, with
the fast reader of timestamps. Descriptions of policies, at a call for each, are measured by themselves: as many rounds
of calls as the threads that share them need are added to the chain. `python bench_latency.py SOURCES` is run where
AWS's settings lead to a served account; it collects in one process, with everything imported, and prints its figures as
JSON.
"""

import gc
import json
import math
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from typing import Any

from botocore.parsers import ResponseParserFactory
from measure import HERE, Row, at_most, calls, served

from auditor.__main__ import GC_THRESHOLD
from auditor.account.sources import Source
from auditor.collectors.live import session
from auditor.collectors.live.collection import LiveOptions, collect, connect
from auditor.collectors.live.one_by_one import THREADS
from auditor.judging.registry import load_rules

DELAY_MS = 50
RUNS = 7
LIMIT = 1.3
FIRST_CALL, OF_EACH_POLICY = "GetCallerIdentity", "GetPolicy"
DESCRIPTIONS = frozenset({Source.POLICY_DESCRIPTIONS})


def rows(entities: Mapping[str, int]) -> Iterator[Row]:
    """Measure collecting all sources and those of the built-in rules, without descriptions, and descriptions alone."""
    with served(DELAY_MS, **entities) as url:
        for name in _sources():
            calls(url)
            command = [sys.executable, str(HERE / "bench_latency.py"), name]
            figures = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
            made = {action: count // figures["times"] for action, count in calls(url).items()}
            shared = made.pop(OF_EACH_POLICY, 0)
            chain = made.pop(FIRST_CALL) + max(made.values())
            floor = (chain + math.ceil(shared / THREADS)) * DELAY_MS / 1000 + figures["parsing"]
            what = f"latency: {name} of {entities['users']:,} users at {DELAY_MS} ms a call"
            yield Row(f"{what}, wall time", f"{figures['collecting']:.3f} s")
            row = f"{chain} calls in a row" + (f", {shared:,} by {THREADS} threads" if shared else "")
            parsing = f"and {figures['parsing'] * 1000:.0f} ms of parsing {figures['answers']:,} answers"
            yield Row(f"{what}, {row} {parsing}", f"{floor:.3f} s")
            yield at_most(f"{what}, the first / the second", figures["collecting"] / floor, LIMIT)


def _sources() -> Mapping[str, frozenset[Source]]:
    audited = frozenset[Source]().union(*(rule.reads for rule in load_rules().values()))
    return {
        "all sources": frozenset(Source) - DESCRIPTIONS,
        "the rules' sources": audited - DESCRIPTIONS,
        "descriptions of policies": DESCRIPTIONS,
    }


def main(name: str) -> None:
    """Collect once to keep the answers, and then again and again; print the fastest run and the fastest parsing."""
    gc.set_threshold(GC_THRESHOLD)  # as the command line does
    sources = _sources()[name]
    answers: list[tuple[Any, dict[str, Any]]] = []
    connection = connect(LiveOptions(), ask_code=None)
    connection.iam.meta.events.register("before-parse.iam", lambda **event: answers.append(_answer(**event)))
    collect(connection, sources)
    runs = 1 if sources == DESCRIPTIONS else RUNS  # so many calls take ten seconds, and even out by themselves
    parsing = min(_parsing(answers) for _ in range(runs))
    collecting = min(_collecting(sources) for _ in range(runs))
    print(json.dumps({"times": runs + 1, "answers": len(answers), "parsing": parsing, "collecting": collecting}))


def _answer(operation_model: Any, response_dict: dict[str, Any], **_: object) -> tuple[Any, dict[str, Any]]:
    return operation_model.output_shape, dict(response_dict)


def _parsing(answers: list[tuple[Any, dict[str, Any]]]) -> float:
    """Return the processor time of parsing the answers, in seconds."""
    factory = ResponseParserFactory()
    factory.set_parser_defaults(timestamp_parser=session._time)
    parser = factory.create_parser("query")
    start = time.process_time()
    for shape, answer in answers:
        parser.parse(answer, shape)
    return time.process_time() - start


def _collecting(sources: frozenset[Source]) -> float:
    """Return the wall-clock time from nothing to the snapshot, in seconds."""
    start = time.perf_counter()
    collect(connect(LiveOptions(), ask_code=None), sources)
    return time.perf_counter() - start


if __name__ == "__main__":
    main(sys.argv[1])
