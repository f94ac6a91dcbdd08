#!/usr/bin/env python3
"""Conditional requests (RFC 9110 13) as clients make them that keep what they got: curl with its own
cache of tags, requests, and urllib.

    LUCERNA_BIN=... PYTHONPATH=.deps/python tests/e2e/conditions.py [TEST]
"""
import shutil
import subprocess
import unittest

import requests

import dicomweb
from query_retrieve import made
from whole_program import PATIENCE, main

STUDY = "/dicom-web/studies/2.999.1"
SERIES = STUDY + "/series/2.999.1.1"
INSTANCE = SERIES + "/instances/2.999.1.1.1"
# What is about a person may be kept by whom it was sent to, and by nobody on the way.
PRIVATE = "private, no-cache"


class Conditions(unittest.TestCase):
    setUp, serve, keep = dicomweb.Dicomweb.setUp, dicomweb.Dicomweb.serve, dicomweb.Dicomweb.keep

    def ask(self, server, path, method="GET", **headers):
        return requests.request(method, server.url + path, timeout=PATIENCE,
                                headers={name.replace("_", "-"): value for name, value in headers.items()})

    def test_what_the_client_has_is_not_sent_again(self):
        server = self.serve()
        self.keep(server, made(1, 1, 1), made(1, 1, 2))
        for path, accept in ((INSTANCE, "application/dicom"), (SERIES, "*/*"), (STUDY + "/metadata", "*/*"),
                             (INSTANCE + "/frames/1", "application/octet-stream"),
                             (INSTANCE + "/bulkdata/7FE00010", "*/*"), (INSTANCE + "/rendered", "image/png"),
                             (INSTANCE + "/thumbnail", "image/jpeg"), ("/", "*/*")):
            whole = self.ask(server, path, Accept=accept)
            if path == "/" and whole.status_code == 503:
                continue  # The page is not built.
            self.assertEqual(whole.status_code, 200, path)
            if path != "/":
                self.assertEqual(whole.headers["Cache-Control"], PRIVATE, path)
            for method in ("GET", "HEAD"):
                for known in (whole.headers["ETag"], "W/" + whole.headers["ETag"], "*"):
                    same = self.ask(server, path, method, Accept=accept, If_None_Match=known)
                    self.assertEqual((same.status_code, same.content), (304, b""), path)
                    for field in ("ETag", "Cache-Control", "Vary", "Content-Location", "Content-Security-Policy"):
                        self.assertEqual(same.headers.get(field), whole.headers.get(field), path + field)
                    self.assertNotIn("Content-Type", same.headers)
                    self.assertNotIn("Content-Length", same.headers)
            other = self.ask(server, path, Accept=accept, If_None_Match='"another"')
            self.assertEqual(other.status_code, 200, path)
        for known in ("*", '"another"'):
            self.assertEqual(self.ask(server, INSTANCE + "/frames/2", If_None_Match=known).status_code, 404)

    def test_curl_asks_again_with_the_tag_that_it_has(self):
        if not shutil.which("curl"):
            self.skipTest("skipped: no curl")
        server = self.serve()
        self.keep(server, made(1, 1, 1))
        tag, got = self.folder / "tag", self.folder / "got"

        def curl(*options):
            run = subprocess.run(
                ["curl", "-sSf", "-H", "Accept: application/dicom", *options, "-o", got, "-w", "%{http_code}",
                 server.url + INSTANCE], capture_output=True, text=True, timeout=PATIENCE, check=True)
            return run.stdout

        self.assertEqual(curl("--etag-save", tag), "200")
        size = got.stat().st_size
        self.assertEqual(curl("--etag-compare", tag), "304")
        self.assertEqual(got.stat().st_size, size, "nothing came in its place")

    def test_only_what_is_meant_is_sent(self):
        server = self.serve()
        self.keep(server, made(1, 1, 1))
        octets = {"Accept": "application/octet-stream"}
        tag = self.ask(server, INSTANCE + "/frames/1", **octets).headers["ETag"]
        for match, status in ((tag, 200), (f'"x", {tag}', 200), ("*", 200), ('"x"', 412), ("W/" + tag, 412)):
            for ranged in ({}, {"Range": "bytes=0-9"}, {"Range": "bytes=9999-"}):
                wanted = status if status == 412 or not ranged else 206 if "0-9" in ranged["Range"] else 416
                answer = self.ask(server, INSTANCE + "/frames/1", If_Match=match, **octets, **ranged)
                self.assertEqual(answer.status_code, wanted, f"{match} {ranged}")
        self.assertEqual(self.ask(server, INSTANCE + "/frames/2", If_Match='"x"').status_code, 404)

    def test_only_what_was_seen_is_deleted(self):
        server = self.serve("--set", "http.deletion=true")
        self.keep(server, made(1, 1, 1), made(1, 2, 1))
        seen = self.ask(server, STUDY + "/metadata").headers["ETag"]
        # Another picture comes before the study that was looked at is deleted.
        self.keep(server, made(1, 1, 2))
        refused = self.ask(server, STUDY, "DELETE", If_Match=seen)
        self.assertEqual((refused.status_code, refused.json()["error"]), (412, "precondition-failed"))
        self.assertEqual(len(self.ask(server, STUDY + "/metadata").json()), 3)
        self.assertEqual(self.ask(server, STUDY, "DELETE", If_None_Match="*").status_code, 412)
        self.assertEqual(self.ask(server, STUDY + "9", "DELETE", If_Match="*").status_code, 404)
        one = self.ask(server, INSTANCE, Accept="application/dicom").headers["ETag"]
        self.assertEqual(self.ask(server, INSTANCE, "DELETE", If_Match=one).status_code, 204)
        now = self.ask(server, STUDY + "/metadata").headers["ETag"]
        self.assertEqual(self.ask(server, STUDY, "DELETE", If_Match=now).status_code, 204)
        self.assertEqual(self.ask(server, STUDY).status_code, 404)


if __name__ == "__main__":
    main("Conditions")
