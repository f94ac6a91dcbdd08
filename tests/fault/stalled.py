#!/usr/bin/env python3
"""What a `lucerna serve` waits for stands still: its object store, its key service, whoever reads its log,
clients that send their objects slowly. Whoever needs none of those is answered, while those that do are not yet.

    LUCERNA_BIN=... PYTHONPATH=.deps/python:tests/e2e tests/fault/stalled.py [TEST]
"""
import concurrent.futures
import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
import unittest
import urllib.parse
import urllib.request

import numpy

import sealed_at_rest
from sealed_at_rest import file_bytes, instance
from whole_program import ROOT, Server, main, wait_for

# More than the server has threads for requests, or for uploads.
CROWD = 20
SLOW_SENDERS = 24
# Seconds: an answer to C-STORE is due within three, and this machine may have others to serve.
SOON = 6


class Stalled(unittest.TestCase):
    setUp = sealed_at_rest.SealedAtRest.setUp
    secret = sealed_at_rest.SealedAtRest.secret
    serve = sealed_at_rest.SealedAtRest.serve
    stow = sealed_at_rest.SealedAtRest.stow
    fetch = sealed_at_rest.SealedAtRest.fetch
    status_and_body = sealed_at_rest.SealedAtRest.status_and_body
    stand_in = sealed_at_rest.SealedAtRest.stand_in

    def crowd(self, count):
        pool = concurrent.futures.ThreadPoolExecutor(count)
        self.addCleanup(pool.shutdown)
        return pool

    def nobody_else_waits(self, server, waiting, *others):
        """The page and a search, and `others`, are answered before any that waits is."""
        self.assertIn(b"<html", self.status_and_body(server.url + "/")[1][:200].lower())
        self.assertTrue(server.get("/dicom-web/studies?limit=1"))
        for other in others:
            self.assertEqual(other(), 200)
        self.assertEqual([one for one in waiting if one.done()], [])

    def store(self, server, one):
        """What the answer to a C-STORE says."""
        path = self.folder / f"{one.SOPInstanceUID}.dcm"
        path.write_bytes(file_bytes(one))
        sent = server.store(["-v", str(path)])
        return sent.stdout + sent.stderr

    def frame(self, server, kept):
        return self.status_and_body(urllib.request.Request(
            f"{server.url}/dicom-web/studies/{kept.StudyInstanceUID}/series/{kept.SeriesInstanceUID}"
            f"/instances/{kept.SOPInstanceUID}/frames/1", headers={"Accept": "application/octet-stream"}))

    def s3(self):
        """A stand-in, and the server's options for it; its file of faults to come."""
        faults = self.folder / "faults"
        process = subprocess.Popen(
            [sys.executable, ROOT / "tests" / "support" / "s3_stand_in.py", faults, "0"],
            stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.addCleanup(process.stdout.close)
        keys = self.secret("s3-keys", "access_key A\nsecret_key B")
        settings = {"store.objects": "s3", "store.s3_bucket": "lucerna", "store.s3_keys": keys,
                    "store.s3_endpoint": f"http://127.0.0.1:{process.stdout.readline().strip()}"}
        return faults, [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]

    def test_an_object_store_that_says_nothing(self):
        faults, options = self.s3()
        server = self.serve(*options)
        kept = [instance(f"P{number}") for number in range(CROWD)]
        for one in kept:
            self.assertEqual(self.stow(server, one), 200)
        faults.write_text("silent\n" * 1000)
        pool = self.crowd(CROWD)
        waiting = [pool.submit(self.fetch, server, one) for one in kept]
        wait_for(lambda: faults.read_text().count("silent") <= 1000 - CROWD, "all of them to ask it")
        self.nobody_else_waits(server, waiting)
        faults.write_text("")
        self.assertEqual([one.result()[0] for one in waiting], [200] * CROWD, "asked again")

    def test_many_parts_to_an_object_store_that_says_nothing(self):
        faults, options = self.s3()
        server = self.serve(*options)
        parts = [instance(f"P{number}") for number in range(60)]
        faults.write_text("silent\n" * 1000)
        self.assertEqual(self.stow(server, *parts), 503)
        self.assertGreater(faults.read_text().count("silent"), 1000 - len(parts), "all of them asked it")
        faults.write_text("")
        self.assertEqual(self.stow(server, *parts), 200)

    def test_an_object_store_that_stops_in_the_middle(self):
        """Of objects that several threads read for one request."""
        faults, options = self.s3()
        server = self.serve(*options)
        kept = [instance(f"P{number}", size=2300) for number in range(CROWD)]
        for one in kept:
            self.assertEqual(self.stow(server, one), 200)
        faults.write_text("behind:1900000")  # the second of two parts begins behind 2 MiB
        pool = self.crowd(CROWD)
        waiting = [pool.submit(self.frame, server, one) for one in kept]
        time.sleep(3)
        self.nobody_else_waits(server, waiting)
        faults.write_text("")
        for one, frame in zip(waiting, kept):
            self.assertEqual(one.result()[0], 200, "asked again")
            self.assertTrue(one.result()[1] == frame.PixelData)

    def test_a_key_service_that_says_nothing(self):
        engine, _, keys = self.stand_in()
        server = self.serve("--keys", keys)
        known = instance("KNOWN")
        self.assertEqual(self.stow(server, known), 200)
        engine.send_signal(signal.SIGSTOP)
        self.addCleanup(engine.send_signal, signal.SIGCONT)
        new = [instance(f"P{number // 2}") for number in range(CROWD)]
        pool = self.crowd(CROWD)
        begun = time.monotonic()
        waiting = [pool.submit(self.stow, server, one) for one in new]
        # Those are answered when they are due, which the others need not be waiting for.
        self.nobody_else_waits(server, [], lambda: self.fetch(server, known)[0],
                               lambda: self.stow(server, instance("KNOWN", known.StudyInstanceUID)))
        self.assertEqual({one.result() for one in waiting}, {503})
        self.assertLess(time.monotonic() - begun, SOON)
        stored = [pool.submit(self.store, server, one) for one in new]
        for sent in stored:
            self.assertIn("OutOfResources", sent.result())
        self.assertLess(time.monotonic() - begun, 2 * SOON)
        engine.send_signal(signal.SIGCONT)
        wait_for(lambda: self.stow(server, new[0]) == 200, "the service to be asked again")
        self.assertEqual({self.stow(server, one) for one in new}, {200})

    def test_a_key_service_that_says_nothing_to_a_server_that_ends(self):
        engine, _, keys = self.stand_in()
        server = self.serve("--keys", keys)
        kept = [instance(f"P{number}") for number in range(4)]
        for one in kept:
            self.assertEqual(self.stow(server, one), 200)
        server.end()
        server = self.serve("--keys", keys)
        engine.send_signal(signal.SIGSTOP)
        self.addCleanup(engine.send_signal, signal.SIGCONT)
        pool = self.crowd(len(kept))
        # Their keys have to be asked for, and nobody says by when.
        waiting = [pool.submit(self.fetch, server, one) for one in kept]
        time.sleep(1)
        begun = time.monotonic()
        self.assertEqual(server.end(), 0)
        self.assertLess(time.monotonic() - begun, SOON)
        for one in waiting:
            one.exception()

    def test_a_log_that_nobody_reads(self):
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)
        fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
        server = Server(str(self.data), log=os.fdopen(writer, "wb"))
        self.addCleanup(lambda: server.process.poll() is None and server.end(signal.SIGKILL))
        for number in range(CROWD):
            self.assertEqual(self.stow(server, instance(f"P{number}")), 200)
        pool = self.crowd(CROWD)
        sent = [pool.submit(self.store, server, instance(f"Q{number}")) for number in range(CROWD)]
        for one in sent:
            self.assertIn("Success", one.result())
        self.nobody_else_waits(server, [])
        begun = time.monotonic()
        self.assertEqual(server.end(), 0)
        self.assertLess(time.monotonic() - begun, SOON)

    def test_senders_that_are_slow(self):
        server = self.serve()
        large = instance("LARGE")
        large.Rows = large.Columns = 1024
        large.PixelData = numpy.zeros((1024, 1024), numpy.uint16).tobytes()
        self.assertEqual(self.stow(server, instance("FIRST")), 200)
        place = urllib.parse.urlsplit(server.url)
        body = b"--b\r\nContent-Type: application/dicom\r\n\r\n" + file_bytes(large) + b"\r\n--b--\r\n"
        head = (f"POST /dicom-web/studies HTTP/1.1\r\nHost: {place.netloc}\r\nContent-Length: {len(body)}\r\n"
                'Content-Type: multipart/related; type="application/dicom"; boundary=b\r\n\r\n').encode()
        senders = []
        for _ in range(SLOW_SENDERS):
            senders.append(socket.create_connection((place.hostname, place.port)))
            self.addCleanup(senders[-1].close)
            senders[-1].sendall(head + body[:300_000])
        time.sleep(1)
        self.nobody_else_waits(server, [], lambda: self.stow(server, large))
        for sender in senders:
            sender.setblocking(False)
            self.assertRaises(BlockingIOError, sender.recv, 1)
            sender.setblocking(True)
        # Whoever goes on has lost nothing.
        senders[-1].sendall(body[300_000:])
        self.assertRegex(senders[-1].recv(100), b"^HTTP/1.1 200 ")


if __name__ == "__main__":
    main("Stalled")
