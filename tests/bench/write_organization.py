"""Write the front page of a made-up organization to the path that is the argument, for the benchmark."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent / "support"))

from organizations import Size, grown, to_page

from auditor.writers.organization import html

SIZE = Size(accounts=10_000, units=300, causes=3_000, own_causes=380)  # as many causes as an account of 500 users has

if __name__ == "__main__":
    with Path(sys.argv[1]).open("wb") as stream:
        html.write(grown(SIZE), stream, link=to_page)
