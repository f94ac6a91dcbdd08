#!/usr/bin/env python3
"""Asks the running program over DICOMweb, by Python's urllib and curl, for what it holds.

    LUCERNA_BIN=... PYTHONPATH=.deps/python tests/e2e/dicomweb.py [TEST]
"""
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import unittest
import urllib.error
import urllib.request

from query_retrieve import made
from whole_program import PATIENCE, Server, main


class Dicomweb(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="lucerna-dicomweb-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def serve(self, *options):
        server = Server(os.path.join(self.folder, "data"), *options)
        self.addCleanup(lambda: server.process.poll() is None and server.end(signal.SIGKILL))
        return server

    def keep(self, server, *objects):
        files = []
        for number, made_object in enumerate(objects):
            files.append(str(self.folder / f"{number}.dcm"))
            made_object.save_as(files[-1], enforce_file_format=True)
        stored = server.store(files)
        self.assertEqual(stored.returncode, 0, stored.stderr)

    def ask(self, server, path, method="GET", **headers):
        """Status, headers and body; names of headers with _ for -."""
        request = urllib.request.Request(
            server.url + path, method=method,
            headers={name.replace("_", "-"): value for name, value in headers.items()})
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.headers, refused.read()

    def test_ranges_join_to_the_whole(self):
        server = self.serve()
        self.keep(server, made(1, 1, 1))
        instance = "/dicom-web/studies/2.999.1/series/2.999.1.1/instances/2.999.1.1.1"
        for path, accept in ((instance, "application/dicom"),
                             (instance + "/frames/1", "application/octet-stream"),
                             (instance + "/bulkdata/7FE00010", "application/octet-stream"),
                             (instance + "/rendered", "image/png")):
            _, headers, whole = self.ask(server, path, Accept=accept)
            self.assertEqual(headers["Accept-Ranges"], "bytes", path)
            joined = b""
            while len(joined) < len(whole):
                status, part, body = self.ask(
                    server, path, Accept=accept, If_Range=headers["ETag"],
                    Range=f"bytes={len(joined)}-{len(joined) + 199}")
                self.assertEqual(status, 206, path)
                self.assertEqual(part["Content-Range"],
                                 f"bytes {len(joined)}-{len(joined) + len(body) - 1}/{len(whole)}")
                joined += body
            self.assertEqual(joined, whole, path)
            status, beyond, _ = self.ask(server, path, Accept=accept, Range=f"bytes={len(whole)}-")
            self.assertEqual((status, beyond["Content-Range"]), (416, f"bytes */{len(whole)}"))
            status, _, body = self.ask(server, path, Accept=accept, Range="bytes=0-1",
                                       If_Range='"another"')
            self.assertEqual((status, body), (200, whole), path)

    def test_curl_resumes_a_download(self):
        if not shutil.which("curl"):
            self.skipTest("skipped: no curl")
        server = self.serve()
        self.keep(server, made(1, 1, 1))
        url = server.url + "/dicom-web/studies/2.999.1/series/2.999.1.1/instances/2.999.1.1.1"
        _, _, whole = self.ask(server, url.removeprefix(server.url), Accept="application/dicom")
        got = self.folder / "got.dcm"
        got.write_bytes(whole[:300])
        subprocess.run(["curl", "-sSf", "-C", "-", "-H", "Accept: application/dicom", "-o", got, url],
                       check=True)
        self.assertEqual(got.read_bytes(), whole)


if __name__ == "__main__":
    main("Dicomweb")
