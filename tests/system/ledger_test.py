#!/usr/bin/env python3
"""The life of one consortium of real processes over TLS at T = 1 s: partition, bundles over an air gap,
rotation, join, leave, restore from a backup, sync from nothing, recall. Prints each step as a line of
JSON. Afterwards every record is on every member's ledger exactly once."""

import argparse
import shutil
import sys
import tempfile
import time

from ledger_life import (FINAL_S, check_each_once, events, found_paced, height, say, state_of,
                         submit_record, wait_final)
from proxy import Wiring
from testbed import Failure, Member, Testbed, wait_until

NAMES = ["oem", "lab", "north", "south"]


class Life:
    def __init__(self, bed, wiring):
        self.bed, self.wiring = bed, wiring
        self.leaves = []

    def submit(self, member):
        self.leaves.append(submit_record(self.bed, member, len(self.leaves)))
        return self.leaves[-1]

    def member(self, name):
        return self.bed.member(name)

    def begin(self):
        leaves = [self.submit(member) for member in self.bed.members]
        say("begin", members=len(self.bed.members), final_s=wait_final(self.bed.members, leaves, "begin"))

    def partition(self):
        """Two and two: both halves take records, neither makes one final; healed, all are."""
        oem, lab, north, south = map(self.member, NAMES)
        self.wiring.split(["oem", "lab"], ["north", "south"])
        wait_until("the halves are apart", lambda: all(
            sum(p["connected"] for p in m.status()["consortium"]["peers"]) == 1
            for m in (oem, lab, north, south)), 60)
        leaves = [self.submit(oem), self.submit(south)]
        wait_until("each half has the other's silence on its hands", lambda: all(
            state_of(a, leaf) and state_of(b, leaf)
            for a, b, leaf in ((oem, lab, leaves[0]), (north, south, leaves[1]))), 60)
        time.sleep(4)  # some intervals in which nothing may become final
        if any(state_of(m, leaf).get("final") for m in (oem, lab, north, south) for leaf in leaves):
            raise Failure("half of the nodes made a record final")
        self.wiring.heal()
        say("partition", final_after_healing_s=wait_final(self.bed.members, leaves, "partition"))

    def bundles(self):
        """South is cut off from everybody; records come and go by files."""
        oem, south = self.member("oem"), self.member("south")
        since = height(south)
        self.wiring.split(["oem", "lab", "north"], ["south"])
        there = self.submit(oem)
        wait_final([self.member(n) for n in NAMES[:3]], [there], "while south is cut off")
        if state_of(south, there):
            raise Failure("the air gap leaks")
        here = self.submit(south)
        out, back = self.bed.dir / "out.bundle", self.bed.dir / "back.bundle"
        written = self.bed.run("ledger", "bundle", "write", "--since", max(1, since), "--out", out,
                               "--dir", oem.dir)
        read = self.bed.run("ledger", "bundle", "read", out, "--dir", south.dir)
        wait_until("the bundle makes the record final at south",
                   lambda: state_of(south, there).get("final"), 60)
        # South may have found a block with its record in it meanwhile: the bundle takes that along.
        self.bed.run("ledger", "bundle", "write", "--since", max(1, since), "--out", back, "--dir",
                     south.dir)
        self.bed.run("ledger", "bundle", "read", back, "--dir", oem.dir)
        wait_final([self.member(n) for n in NAMES[:3]], [here], "what south wrote")
        # A bundle with one bit changed takes nothing in.
        damaged = bytearray(out.read_bytes())
        damaged[len(damaged) // 2] ^= 1
        (self.bed.dir / "damaged.bundle").write_bytes(damaged)
        try:
            self.bed.run("ledger", "bundle", "read", self.bed.dir / "damaged.bundle", "--dir", south.dir)
            raise AssertionError("a damaged bundle was read")
        except Failure:
            pass
        self.wiring.heal()
        wait_final(self.bed.members, [there, here], "bundles")
        say("bundles", bytes=written["bytes"], blocks=read["blocks"])

    def rotate(self):
        """North replaces its vote key; the epoch takes force; north votes with the new one."""
        north = self.member("north")
        before = north.status()["consortium"]["finality"]["epoch"]
        self.leaves.append(self.bed.run("member", "rotate", "--key", "vote", "--dir", north.dir,
                                        "--wait")["leaf"])
        wait_until("the epoch takes force", lambda: all(
            m.status().get("consortium", {}).get("finality", {}).get("epoch", 0) > before
            for m in self.bed.members), FINAL_S)
        voted = north.status()["consortium"]["finality"]["last_vote_height"]
        leaf = self.submit(north)
        wait_final(self.bed.members, [leaf], "rotation")
        wait_until("north votes with its new key", lambda: north.status()["consortium"]["finality"][
            "last_vote_height"] > voted, 60)
        say("rotate", epoch=north.status()["consortium"]["finality"]["epoch"])

    def restore(self):
        """South comes back from an old copy of its data, without its record of votes; it follows, and
        keeps silent until an operator resumes it."""
        south = self.member("south")
        south.process.stop()
        backup = self.bed.dir / "backup"
        shutil.copytree(south.dir / "data", backup, ignore=shutil.ignore_patterns("safety.votes"))
        south.start()
        south.wait_ready()
        leaf = self.submit(self.member("oem"))
        wait_final(self.bed.members, [leaf], "after the backup")
        south.process.kill()
        shutil.rmtree(south.dir / "data")
        shutil.copytree(backup, south.dir / "data")
        south.start()
        south.wait_ready()
        leaf = self.submit(south)
        wait_final(self.bed.members, [leaf], "after the restore")
        voting = south.status()["consortium"]["finality"]["voting"]
        if voting != "off":
            raise Failure(f"a restored member votes: {voting}")
        floor = self.bed.run("member", "resume", "--dir", south.dir)["votes_above"]
        say("restore", voting=voting, votes_again_above=floor)

    def sync_from_nothing(self):
        """South loses all its data and fetches the ledger from the others."""
        south = self.member("south")
        south.process.kill()
        shutil.rmtree(south.dir / "data")
        began = time.monotonic()
        south.start()
        south.wait_ready()
        wait_final([south], self.leaves, "sync from nothing")
        say("sync_from_nothing", blocks=height(south), seconds=round(time.monotonic() - began, 2))

    def join(self):
        """East joins as a fifth node: proposed by one, approved by a quorum of root keys."""
        east = Member(self.bed, "east", ["oem", "node"])
        east.init()
        proposal = self.bed.run("member", "propose", "add-member", "--card", east.card(), "--dir",
                                self.member("oem").dir, "--wait")["leaf"]
        for name in ("lab", "north"):
            self.bed.run("member", "approve", proposal, "--dir", self.member(name).dir, "--wait")
        row = wait_until("east is a member", lambda: next(
            (m for m in self.bed.run("ledger", "members", "--dir", self.member("oem").dir)["members"]
             if m["name"] == "east"), None), FINAL_S)
        east.slot = row["slot"]
        east.configure(self.bed.dir / "genesis", self.bed.members)
        self.bed.members.append(east)
        east.start()
        east.wait_ready()
        wait_until("five nodes", lambda: all(
            m.status().get("consortium", {}).get("nodes") == 5 for m in self.bed.members), FINAL_S)
        leaf = self.submit(east)
        self.leaves.append(proposal)
        say("join", slot=east.slot, final_s=wait_final(self.bed.members, [leaf], "join"))

    def leave(self):
        """East is voted out again; the others go on as four."""
        east = self.bed.members.pop()
        proposal = self.bed.run("member", "propose", "remove", "--member", "east", "--dir",
                                self.member("oem").dir, "--wait")["leaf"]
        for name in ("lab", "north", "south"):
            self.bed.run("member", "approve", proposal, "--dir", self.member(name).dir, "--wait")
        wait_until("four nodes", lambda: all(
            m.status().get("consortium", {}).get("nodes") == 4 for m in self.bed.members), FINAL_S)
        east.process.stop()
        leaf = self.submit(self.member("lab"))
        say("leave", final_s=wait_final(self.bed.members, [leaf], "leave"))

    def recall(self):
        """A release is published and recalled; every member shows it as recalled."""
        oem = self.member("oem")
        self.bed.run("release", "policy", "set", "--dir", oem.dir, "--vendor", self.bed.vendor, "--wait")
        image = self.bed.dir / "image.bin"
        image.write_bytes(bytes(range(256)) * 400)
        release = self.bed.publish(oem, image, "edge-x64", "firmware", 1, "1.0")
        proof, policy = self.bed.dir / "fw.tlog-proof", self.bed.dir / "fleet.policy"
        self.bed.run("ledger", "prove", release["leaf"], "--out", proof, "--dir", oem.dir)
        self.bed.run("ledger", "policy", "--out", policy, "--dir", self.member("lab").dir)
        verified = self.bed.run("verify", proof, "--policy", policy)
        recall = self.bed.run("release", "recall", release["leaf"], "--reason", "vulnerable", "--dir",
                              oem.dir, "--wait")
        self.leaves += [release["leaf"], recall["leaf"]]
        wait_until("all members show the recall", lambda: all(
            any(r["leaf"] == release["leaf"] and "recall" in r
                for r in (m.get("/v1/releases") or {}).get("releases", []))
            for m in self.bed.members), FINAL_S)
        say("recall", proved_entry=verified["index"])


STEPS = ["begin", "partition", "bundles", "rotate", "join", "leave", "restore", "sync_from_nothing", "recall"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", help="folder of the programs")
    parser.add_argument("--keep", help="folder to work in, kept afterwards")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="assay-ledger-") as folder, \
            Testbed(options.keep or folder, options.bin, "cpu", "cpu", mine_share=0.05) as bed:
        wiring = Wiring()
        bed.route = wiring.route
        found_paced(bed, NAMES)
        bed.start_members()
        life = Life(bed, wiring)
        for step in STEPS:
            getattr(life, step)()
        wait_final(bed.members, life.leaves, "at the end")
        until = check_each_once(bed.members, life.leaves)
        noted = sorted({event["event"] for m in bed.members for event in events(m)})
        say("end", records=len(life.leaves), final_blocks=until, events=noted)
        wiring.close()
    print(f"{len(STEPS)} passed, 0 failed")


if __name__ == "__main__":
    try:
        main()
    except Failure as error:
        print(f"FAILED: {error}", file=sys.stderr)
        sys.exit(1)
