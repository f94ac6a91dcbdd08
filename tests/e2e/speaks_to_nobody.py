#!/usr/bin/env python3
"""What `lucerna` says and leaves unasked, which is nothing: no connection but those that the
configuration names, no file but those of its data folder.

    LUCERNA_BIN=... NOTED_CONNECTIONS_LIBRARY=libnoted_connections.so \\
        tests/e2e/speaks_to_nobody.py [TEST]
"""
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import unittest

from whole_program import LUCERNA, MODEL, Server, main, phantom

LIBRARY = os.environ["NOTED_CONNECTIONS_LIBRARY"]


class SpeaksToNobody(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="lucerna-unasked-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.home, self.notes = self.folder / "home", self.folder / "notes"
        self.home.mkdir()
        # Where whoever runs the tests has set these they would hide what is looked for.
        hiding = ("CI", "GITHUB_ACTIONS", "XDG_CACHE_HOME", "ORT_DISABLE_TELEMETRY")
        self.around = ["env", *(f"--unset={name}" for name in hiding), f"HOME={self.home}",
                       f"NOTED_CONNECTIONS={self.notes}", f"LD_PRELOAD={LIBRARY}"]

    def noted(self):
        return self.notes.read_text().splitlines() if self.notes.exists() else []

    def check_silence(self):
        strangers = [line for line in self.noted() if not line.split()[1].startswith("127.")]
        self.assertEqual(strangers, [])
        self.assertEqual([str(p) for p in self.home.rglob("*")], [])

    def test_the_server_says_nothing_to_strangers(self):
        server = Server(str(self.folder / "data"), "--model", str(MODEL), around=self.around)
        try:
            self.assertEqual(server.store(phantom(self.folder / "exam", 1)).returncode, 0)
            exams = server.get("/api/worklist")["exams"]
            self.assertEqual(server.read_exam(exams[0]["patient_id"])["state"], "read")
        finally:
            server.end(signal.SIGTERM)
        self.check_silence()

    def test_reading_a_folder_says_nothing_to_strangers(self):
        subprocess.run([*self.around, LUCERNA, "read", "--model", MODEL,
                        *phantom(self.folder / "exam", 1), "--out", self.folder / "opinion"],
                       check=True, stdout=subprocess.DEVNULL)
        self.check_silence()

    def test_a_connection_is_noted(self):
        """Else the silence of the others would be worth nothing."""
        subprocess.run([*self.around, "python3", "-c",
                        "import socket; socket.socket().connect_ex(('localhost', 1))"], check=True)
        self.assertIn("getaddrinfo localhost", self.noted())
        self.assertIn("connect 127.0.0.1", self.noted())


if __name__ == "__main__":
    main("SpeaksToNobody")
