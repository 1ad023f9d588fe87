#!/usr/bin/env python3
"""Seven members as seven processes at T = 1 s, one of them killed (kill -9) at random every five seconds
while all take records. Afterwards every record that a member acknowledged is final, on all seven, exactly
once. `--seconds 120` is the long form (scripts/soak). The seed is printed; --seed replays it."""

import argparse
import os
import random
import sys
import tempfile
import threading
import time

from ledger_life import FINAL_S, check_each_once, found_paced, say, submit_record, wait_final
from testbed import Failure, Testbed, wait_until

MEMBERS = 7
KILL_EVERY_S = 5


class Load:
    """Submits records to random members as fast as they are acknowledged; a dead one is passed over."""

    def __init__(self, bed, dice):
        self.bed, self.dice = bed, dice
        self.leaves, self.refused = [], 0
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        number = 0
        while not self.stopped.is_set():
            number += 1
            try:
                self.leaves.append(submit_record(self.bed, self.dice.choice(self.bed.members), number))
            except Failure:  # just killed, or not up again yet: nothing was acknowledged
                self.refused += 1

    def stop(self):
        self.stopped.set()
        self.thread.join(120)


def kill_one(bed, dice, away_s):
    victim = dice.choice(bed.members)
    victim.process.kill()
    time.sleep(away_s)
    victim.start()
    return victim.name


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", help="folder of the programs")
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4), "big"))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    dice = random.Random(options.seed)
    with tempfile.TemporaryDirectory(prefix="assay-seven-") as folder, \
            Testbed(folder, options.bin, "cpu", "cpu", mine_share=0.03) as bed:
        found_paced(bed, [f"member-{i}" for i in range(MEMBERS)])
        bed.start_members()
        load = Load(bed, random.Random(options.seed + 1))
        load.thread.start()
        began, kills = time.monotonic(), []
        while time.monotonic() < began + options.seconds:
            time.sleep(KILL_EVERY_S - dice.uniform(0.5, 2))
            kills.append(kill_one(bed, dice, dice.uniform(0.5, 2)))
            say("killed", member=kills[-1], acknowledged=len(load.leaves))
        load.stop()
        for member in bed.members:
            member.wait_ready()
        if len(load.leaves) < 10:
            raise Failure(f"only {len(load.leaves)} records were acknowledged: that is no load")
        seconds = wait_final(bed.members, load.leaves, "after the kills", FINAL_S)
        wait_until("all members agree on what is final", lambda: len(
            {m.status().get("consortium", {}).get("final_size") for m in bed.members}) == 1, FINAL_S)
        until = check_each_once(bed.members, load.leaves)
        say("end", kills=len(kills), records=len(load.leaves), refused=load.refused,
            final_after_s=seconds, final_blocks=until)
    print("1 passed, 0 failed")


if __name__ == "__main__":
    try:
        main()
    except Failure as error:
        print(f"FAILED: {error}", file=sys.stderr)
        sys.exit(1)
