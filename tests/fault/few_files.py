#!/usr/bin/env python3
"""A `lucerna serve` under the limits of open files that systems set, and more connections over HTTP than those
allow: objects are taken all the same.

    LUCERNA_BIN=... PYTHONPATH=.deps/python:tests/e2e:tests/fault tests/fault/few_files.py [TEST]
"""
import contextlib
import os
import pathlib
import re
import resource
import shutil
import signal
import socket
import tempfile
import unittest
import urllib.parse

from hostile_senders import EXPLICIT, image, native, part10
from whole_program import PATIENCE, Server, main

CONNECTIONS = 1100


class FewFiles(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="lucerna-files-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard < 4096:
            self.skipTest("skipped: so many connections cannot be made here")
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 8192)), hard))

    def serve(self, limits):
        server = Server(self.folder / "data", "--set", "quiet_seconds=86400",
                        around=("prlimit", f"--nofile={limits}"))
        self.addCleanup(lambda: server.process.poll() is None and server.end(signal.SIGKILL))
        return server

    def limit_of(self, server):
        limits = pathlib.Path(f"/proc/{server.process.pid}/limits").read_text()
        return int(re.search(r"Max open files +(\d+)", limits).group(1))

    def log(self):
        return (self.folder / "data.log").read_text()

    def crowd(self, server):
        address = urllib.parse.urlsplit(server.url)
        for _ in range(CONNECTIONS):
            one = socket.create_connection((address.hostname, address.port), PATIENCE)
            self.addCleanup(one.close)
            with contextlib.suppress(OSError):  # it was turned away
                one.sendall(b"POST /fhir/ServiceRequest HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n")

    def objects_are_taken(self, server):
        self.crowd(server)
        for number in range(5):
            path = self.folder / f"{number}.dcm"
            path.write_bytes(part10(EXPLICIT, image(f"2.999.81.1.{number}", native(), study="2.999.81")))
            # By DCMTK: pynetdicom asks select(), which knows no socket beyond a thousand.
            run = server.store([str(path)])
            self.assertEqual(run.returncode, 0, run.stderr)
        self.assertLess(len(os.listdir(f"/proc/{server.process.pid}/fd")), self.limit_of(server))
        self.assertNotIn("accept-failed", self.log())

    def test_a_low_soft_limit_is_raised(self):
        server = self.serve("1024:8192")
        self.assertGreater(self.limit_of(server), 2048)
        self.objects_are_taken(server)
        self.assertNotIn("few-open-files", self.log())

    def test_fewer_connections_are_taken_under_a_low_hard_limit(self):
        server = self.serve("1024:1024")
        self.assertIn("server.few-open-files", self.log())
        self.objects_are_taken(server)


if __name__ == "__main__":
    main("FewFiles")
