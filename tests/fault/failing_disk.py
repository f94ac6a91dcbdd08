#!/usr/bin/env python3
"""A `lucerna serve` whose disk fails and comes back, and whose clock is set back, while it runs.

    LUCERNA_BIN=... FAILING_DISK=libfailing_disk.so PYTHONPATH=.deps/python:tests/e2e \\
        tests/fault/failing_disk.py [TEST]

Ends with 77 when what was asked for was skipped, as ctest wants it.
"""
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import sealed_at_rest
from insisting_sender import end_senders, start_senders
from kill_server import check
from sealed_at_rest import file_bytes, instance
from whole_program import LUCERNA, Server, main, phantom, wait_for

LIBRARY = os.environ["FAILING_DISK"]
CANNOT_WRITE = 6


class FailingDisk(unittest.TestCase):
    stow = sealed_at_rest.SealedAtRest.stow
    fetch = sealed_at_rest.SealedAtRest.fetch
    status_and_body = sealed_at_rest.SealedAtRest.status_and_body

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="lucerna-failing-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.data, self.mode_file = self.folder / "data", self.folder / "mode"
        self.mode("")
        self.around = ["env", f"LD_PRELOAD={LIBRARY}", f"FAILING_DISK_FOLDER={self.data}",
                       f"FAILING_DISK_MODE={self.mode_file}"]

    def mode(self, word):
        new = self.folder / "mode.new"
        new.write_text(word)
        new.replace(self.mode_file)

    def serve(self, *options):
        server = Server(str(self.data), *options, around=self.around)
        self.addCleanup(lambda: server.process.poll() is None and server.end(signal.SIGKILL))
        return server

    def storescu(self, server, d):
        path = self.folder / f"{d.SOPInstanceUID}.dcm"
        path.write_bytes(file_bytes(d))
        return server.store([str(path)]).returncode

    def whole(self, acknowledged):
        """The server's folder holds what it acknowledged, and nothing is damaged."""
        run = subprocess.run([LUCERNA, "verify", "--data", self.data], capture_output=True, text=True)
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        server = self.serve()
        for d in acknowledged:
            self.assertEqual(self.fetch(server, d), (200, file_bytes(d)))
        self.assertEqual(server.end(), 0)

    def fails_and_comes_back(self, word):
        server = self.serve()
        first, second, third = instance("P1"), instance("P1"), instance("P2")
        self.assertEqual(self.stow(server, first), 200)
        self.mode(word)
        self.assertGreaterEqual(self.stow(server, second), 400)
        self.assertGreaterEqual(self.stow(server, third), 400, "a new patient's key as well")
        self.assertNotEqual(self.storescu(server, second), 0)
        self.assertEqual(self.fetch(server, first), (200, file_bytes(first)), "reading goes on")
        self.assertEqual(len(server.get("/dicom-web/studies?PatientID=P1")), 1)
        self.assertEqual(self.fetch(server, second)[0], 404)
        self.mode("")
        self.assertEqual(self.storescu(server, second), 0)
        self.assertEqual(self.stow(server, third), 200)
        self.assertEqual(server.end(), 0)
        # What C-STORE brings gets a file meta of ours.
        self.whole([first, third])

    def test_a_disk_that_turns_read_only(self):
        self.fails_and_comes_back("read-only")

    def test_a_disk_that_is_full(self):
        self.fails_and_comes_back("full")

    def test_a_disk_that_does_not_flush(self):
        self.fails_and_comes_back("no-flush")

    def test_a_slow_disk(self):
        server = self.serve()
        self.mode("slow")
        kept = [instance(f"P{i % 3}") for i in range(6)]
        for d in kept:
            self.assertEqual(self.stow(server, d), 200)
        self.assertEqual(server.end(), 0)
        self.whole(kept)

    def test_a_disk_that_fails_in_every_way_under_four_senders(self):
        server = self.serve("--set", "quiet_seconds=86400")
        senders = start_senders(server.dicom_port)
        self.addCleanup(lambda: [sender.give_up.set() for sender in senders])
        for word in ("slow", "read-only", "full", "no-flush", "slow"):
            with self.subTest(disk=word):
                before = [len(sender.refusals) for sender in senders]
                known = [len(sender.acknowledged) for sender in senders]
                self.mode(word)
                if word == "slow":
                    wait_for(lambda: all(len(s.acknowledged) > n for s, n in zip(senders, known)),
                             "each to be answered by a slow disk")
                else:
                    wait_for(lambda: all(len(s.refusals) > n for s, n in zip(senders, before)),
                             "each to be refused")
                self.mode("")
                time.sleep(0.5)
        end_senders(senders)
        acknowledged, more = check(server, senders)
        self.assertEqual(more, 0, "each was sent until it was acknowledged")
        self.assertEqual(server.end(), 0)
        run = subprocess.run([LUCERNA, "verify", "--data", self.data], capture_output=True, text=True)
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertRegex(run.stdout, f"^{acknowledged} instances .* 0 damaged")
        server = self.serve()
        self.assertEqual(check(server, senders), (acknowledged, 0))
        self.assertEqual(server.end(), 0)

    def test_a_start_on_a_read_only_disk_says_so(self):
        self.assertEqual(self.serve().end(), 0)
        self.mode("read-only")
        run = subprocess.run([*self.around, LUCERNA, "serve", "--data", self.data, "--http",
                              "127.0.0.1:0", "--dicom", "127.0.0.1:0"], capture_output=True, text=True)
        self.assertEqual(run.returncode, CANNOT_WRITE, run.stderr)
        self.assertIn(str(self.data), run.stderr)
        self.assertIn("Read-only file system", run.stderr)

    def test_a_clock_that_is_set_back_while_an_exam_comes_in(self):
        server = self.serve("--set", "quiet_seconds=2")
        files = phantom(str(self.folder / "exam"), 31)
        self.assertEqual(server.store(files[:2]).returncode, 0)
        self.mode("clock -7200")
        self.assertEqual(server.store(files[2:3]).returncode, 0)
        # Three of four views: read when it has been quiet for two seconds, not for two hours.
        self.assertEqual(server.read_exam("SYNTHETIC-31")["state"], "read")
        self.mode("clock -172800")
        self.assertEqual(server.store(files[3:]).returncode, 0)
        self.assertEqual(server.read_exam("SYNTHETIC-31")["state"], "read")
        self.assertEqual(server.end(), 0)
        server = self.serve()
        found = server.get("/dicom-web/instances?PatientID=SYNTHETIC-31&limit=1000")
        self.assertGreaterEqual(len(found), 4 + 6)
        self.assertEqual(server.exam("SYNTHETIC-31")["state"], "read")


if __name__ == "__main__":
    main("FailingDisk")
