"""How long a record takes from the command that publishes it to finality: real processes, T = 1 s."""

import random
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "system"))
from ledger_life import found_paced, state_of, submit_record, wait_final  # noqa: E402
from testbed import Testbed, wait_until  # noqa: E402

NODES = 4


def publish_to_final(binaries, count):
    """Seconds for each of `count` records, from the start of the command until its member calls it final.

    One after another on an otherwise idle ledger, so that each waits for blocks of its own."""
    dice = random.Random(1)
    with tempfile.TemporaryDirectory(prefix="assay-bench-") as folder, \
            Testbed(folder, binaries, "cpu", "cpu", mine_share=0.05) as bed:
        found_paced(bed, [f"member-{i}" for i in range(NODES)])
        bed.start_members()
        wait_final(bed.members, [submit_record(bed, bed.members[0], "warm-up")], "warm-up")
        seconds = []
        for number in range(count):
            member = bed.members[number % NODES]
            time.sleep(dice.uniform(0, 1))
            began = time.monotonic()
            leaf = submit_record(bed, member, number)
            wait_until("the record is final", lambda: state_of(member, leaf).get("final"), 180, 0.02)
            seconds.append(time.monotonic() - began)
        return seconds
