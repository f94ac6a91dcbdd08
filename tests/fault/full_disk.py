#!/usr/bin/env python3
"""A `lucerna serve` whose disk, a small one of its own, fills up under four senders: objects, index and
keys are on it. It is killed while it is full, starts again, and goes on once there is room.

    LUCERNA_BIN=... PYTHONPATH=.deps/python:tests/e2e tests/fault/full_disk.py [TEST]

Ends with 77 where no disk can be mounted.
"""
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import sealed_at_rest
from insisting_sender import end_senders, start_senders
from kill_server import check
from sealed_at_rest import file_bytes, instance
from whole_program import LUCERNA, Server, main, wait_for

MEGABYTE = 1 << 20


class FullDisk(unittest.TestCase):
    stow = sealed_at_rest.SealedAtRest.stow
    fetch = sealed_at_rest.SealedAtRest.fetch
    status_and_body = sealed_at_rest.SealedAtRest.status_and_body

    def setUp(self):
        if "LUCERNA_OWN_MOUNTS" not in os.environ:
            self.skipTest("skipped: no disk can be mounted here")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="lucerna-full-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.disk = self.folder / "disk"
        self.disk.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", self.disk], check=True)
        self.addCleanup(subprocess.run, ["umount", "--lazy", self.disk])
        self.data = self.disk / "data"
        self.data.mkdir()
        # What else is on it: some of that is thrown away later.
        for number in range(2):
            (self.disk / f"other-{number}").write_bytes(bytes(6 * MEGABYTE))

    def serve(self):
        server = Server(str(self.data), "--set", "quiet_seconds=86400")
        self.addCleanup(lambda: server.process.poll() is None and server.end(signal.SIGKILL))
        return server

    def fill(self):
        """To the last page."""
        with open(self.disk / "ballast", "ab", buffering=0) as file:
            for size in (MEGABYTE, 4096):
                try:
                    while True:
                        file.write(bytes(size))
                except OSError:
                    pass

    def senders(self, server, **options):
        senders = start_senders(server.dicom_port, sizes=(40, 300, 700), **options)
        self.addCleanup(lambda: [sender.give_up.set() for sender in senders])
        return senders

    def refused(self, senders):
        return [status for sender in senders for status in sender.refusals]

    def verify(self, instances):
        run = subprocess.run([LUCERNA, "verify", "--data", self.data], capture_output=True, text=True)
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertRegex(run.stdout, f"^{instances} instances .* 0 damaged")

    def test_it_fills_under_four_senders_and_goes_on_with_room(self):
        server = self.serve()
        first = instance("FIRST")
        self.assertEqual(self.stow(server, first), 200)
        senders = self.senders(server)
        wait_for(lambda: len(self.refused(senders)) > 20, "the disk to be full")
        self.fill()
        time.sleep(1)
        # Out of resources (PS3.4 Table B.2-1): a modality keeps the object and tries again.
        self.assertEqual({status >> 8 for status in self.refused(senders)}, {0xA7})
        self.assertGreaterEqual(self.stow(server, instance("NEW")), 400)
        self.assertEqual(self.fetch(server, first), (200, file_bytes(first)), "reading goes on")
        self.assertEqual(len(server.get("/dicom-web/studies?PatientID=FIRST")), 1)
        (self.disk / "other-0").unlink()
        (self.disk / "ballast").unlink()
        known = sum(len(sender.acknowledged) for sender in senders)
        wait_for(lambda: sum(len(sender.acknowledged) for sender in senders) > known, "room to be used")
        (self.disk / "other-1").unlink()
        end_senders(senders)
        acknowledged, more = check(server, senders)
        self.assertEqual(more, 0)
        self.assertEqual(server.end(), 0)
        self.verify(acknowledged + 1)

    def test_it_is_killed_while_it_is_full_and_starts_again(self):
        server = self.serve()
        senders = self.senders(server)
        wait_for(lambda: len(self.refused(senders)) > 20, "the disk to be full")
        server.end(signal.SIGKILL)
        for sender in senders:
            sender.give_up.set()
        for sender in senders:
            sender.join()
        self.fill()
        server = self.serve()
        acknowledged, more = check(server, senders)
        self.assertGreater(acknowledged, 8)
        d = instance("NEW")
        # What the killed one left half written was given back: there may be a little room.
        self.fill()
        self.assertGreaterEqual(self.stow(server, d), 400)
        (self.disk / "ballast").unlink()
        (self.disk / "other-0").unlink()
        self.assertEqual(self.stow(server, d), 200)
        self.assertEqual(server.end(), 0)
        self.verify(acknowledged + more + 1)


if __name__ == "__main__":
    if "LUCERNA_OWN_MOUNTS" not in os.environ:
        for unshare in (["unshare", "--mount"], ["unshare", "--mount", "--map-root-user"]):
            if subprocess.run([*unshare, "true"], stderr=subprocess.DEVNULL).returncode == 0:
                os.environ["LUCERNA_OWN_MOUNTS"] = "yes"
                os.execvp("unshare", [*unshare, sys.executable, *sys.argv])
    main("FullDisk")
