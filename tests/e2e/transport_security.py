#!/usr/bin/env python3
"""TLS as clients of others meet it: openssl's own client tries each version and cipher on every
listener, DCMTK's tools and urllib then work through it.

    LUCERNA_BIN=... PYTHONPATH=.deps/python tests/e2e/transport_security.py [TEST]

BCP 195 is RFC 9325: TLS 1.2 and 1.3, forward secrecy and authenticated encryption (4.2).
"""
import pathlib
import re
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import unittest
import urllib.request

from sealed_at_rest import instance
from whole_program import PATIENCE, Server, main, wait_for

# Without forward secrecy, without authenticated encryption, or both.
WEAK = ("AES128-GCM-SHA256", "AES128-SHA", "ECDHE-RSA-AES128-SHA", "ECDHE-RSA-AES256-SHA384",
        "DHE-RSA-AES128-SHA256")
STRONG = ("ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class TransportSecurity(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="lucerna-tls-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        for name in ("server", "scanner", "stranger"):
            self.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key",
                         "-out", f"{name}.crt", "-days", "2", "-subj", f"/CN={name}", "-addext",
                         "subjectAltName=DNS:localhost,IP:127.0.0.1")

    def openssl(self, *arguments, **more):
        return subprocess.run(["openssl", *map(str, arguments)], cwd=self.folder, text=True,
                              capture_output=True, timeout=PATIENCE, **more)

    def serve(self, *options):
        hl7 = free_port()
        identity = [f"--set={room}.tls_{part}={self.folder}/server.{end}"
                    for room in ("http", "dicom", "hl7")
                    for part, end in (("certificate", "crt"), ("key", "key"))]
        server = Server(str(self.folder / "data"), *identity, f"--set=hl7.listen=127.0.0.1:{hl7}",
                        *options)
        self.addCleanup(lambda: server.process.poll() is None and server.end(signal.SIGKILL))
        self.ports = {"HTTP": server.url.rsplit(":", 1)[1], "DIMSE": server.dicom_port,
                      "HL7": str(hl7)}
        return server

    def agreed(self, port, *arguments):
        """Version and cipher, or None where there is no agreement."""
        # Level 0 lets the client offer what its system would not.
        said = self.openssl("s_client", "-connect", f"127.0.0.1:{port}", *arguments, input="")
        found = re.search(r"New, (\S+), Cipher is (\S+)", said.stdout)
        return found.groups() if found and found.group(2) != "(NONE)" else None

    def test_versions_and_ciphers(self):
        self.serve()
        for room, port in self.ports.items():
            with self.subTest(room):
                self.assertEqual(self.agreed(port, "-tls1_3")[0], "TLSv1.3")
                for cipher in STRONG:
                    self.assertEqual(self.agreed(port, "-tls1_2", "-cipher", cipher),
                                     ("TLSv1.2", cipher))
                for cipher in WEAK:
                    self.assertIsNone(
                        self.agreed(port, "-tls1_2", "-cipher", cipher + ":@SECLEVEL=0"), cipher)
                for version in ("-tls1", "-tls1_1"):
                    self.assertIsNone(self.agreed(port, version, "-cipher", "ALL:@SECLEVEL=0"),
                                      version)

    def test_each_offer_is_one_that_a_server_could_take(self):
        # Else a refusal above would say nothing: openssl's own server takes what ours refuses.
        port = free_port()
        other = subprocess.Popen(
            ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-key", "server.key", "-cert",
             "server.crt", "-cipher", "ALL:@SECLEVEL=0", "-quiet"], cwd=self.folder,
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(other.communicate)
        self.addCleanup(other.kill)
        wait_for(lambda: self.agreed(port), "openssl's server")
        for cipher in WEAK:
            found = self.agreed(port, "-tls1_2", "-cipher", cipher + ":@SECLEVEL=0")
            self.assertEqual(found and found[1], cipher)

    def test_plain_words_are_not_answered(self):
        self.serve()
        for tool in (["echoscu", "-to", "10", "127.0.0.1", self.ports["DIMSE"]],
                     ["curl", "--silent", "--fail", "-m", "10",
                      f"http://127.0.0.1:{self.ports['HTTP']}/health"]):
            self.assertNotEqual(subprocess.run(tool, capture_output=True, check=False,
                                               timeout=PATIENCE).returncode, 0, tool)

    def test_scanners_store_and_browsers_see(self):
        server = self.serve(f"--set=dicom.tls_ca={self.folder}/scanner.crt")
        file = self.folder / "one.dcm"
        one = instance("PAT-1")
        one.save_as(file, enforce_file_format=True)

        def store(*identity):
            return subprocess.run(["storescu", "-to", "20", *identity, "+cf", "server.crt", "-aec",
                                   "LUCERNA", "127.0.0.1", self.ports["DIMSE"], file],
                                  cwd=self.folder, capture_output=True, text=True, check=False,
                                  timeout=PATIENCE)
        self.assertNotEqual(store("+tla").returncode, 0, "no certificate")
        self.assertNotEqual(store("+tls", "stranger.key", "stranger.crt").returncode, 0)
        kept = store("+tls", "scanner.key", "scanner.crt")
        self.assertEqual(kept.returncode, 0, kept.stdout + kept.stderr)
        context = ssl.create_default_context(cafile=self.folder / "server.crt")
        with urllib.request.urlopen(f"https://localhost:{self.ports['HTTP']}/dicom-web/studies",
                                    timeout=PATIENCE, context=context) as answer:
            self.assertIn(one.StudyInstanceUID, answer.read().decode())
            self.assertIn("max-age", answer.headers["Strict-Transport-Security"])
        server.end()


if __name__ == "__main__":
    main("TransportSecurity")
