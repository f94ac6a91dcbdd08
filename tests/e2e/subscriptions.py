#!/usr/bin/env python3
"""Subscriptions of UPS-RS: work items made and changed by urllib, their events heard over a
WebSocket by websocket-client, unmodified, against the running program.

    LUCERNA_BIN=... PYTHONPATH=.deps/python tests/e2e/subscriptions.py [TEST]
"""
import json
import os
import pathlib
import select
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

import websocket
from pydicom import Dataset

from whole_program import PATIENCE, Server, main

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
import services  # noqa: E402

ALL = "1.2.840.10008.5.1.4.34.5"
FILTERED = "1.2.840.10008.5.1.4.34.5.1"
STATE, CANCEL, PROGRESS, STATUS, ASSIGNED = 1, 2, 3, 4, 5


def workitem(label="Read mammograms"):
    item = Dataset()
    item.ScheduledProcedureStepPriority = "HIGH"
    item.ProcedureStepLabel = label
    item.ScheduledProcedureStepStartDateTime = "20260301083000"
    item.InputReadinessState = "READY"
    item.ProcedureStepState = "SCHEDULED"
    item.PatientID = "PAT-1"
    return item


class Subscriptions(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="lucerna-subscriptions-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.headers = {}

    def serve(self, *options, data="data"):
        server = Server(os.path.join(self.folder, data), *options)
        self.addCleanup(lambda: server.process.poll() is None and server.end(signal.SIGKILL))
        return server

    def ask(self, server, path, method="POST", dataset=None):
        request = urllib.request.Request(
            f"{server.url}/dicom-web{path}", method=method,
            data=dataset.to_json().encode() if dataset is not None else None,
            headers={"Content-Type": "application/dicom+json", **self.headers})
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return answer.status, answer.headers
        except urllib.error.HTTPError as refused:
            return refused.code, refused.headers

    def create(self, server, uid, item=None):
        self.assertEqual(self.ask(server, f"/workitems?{uid}", dataset=item or workitem())[0], 201)

    def move(self, server, uid, state):
        change = Dataset()
        change.ProcedureStepState, change.TransactionUID = state, "2.999.8"
        self.assertEqual(self.ask(server, f"/workitems/{uid}/state", "PUT", change)[0], 200)

    def subscribe(self, server, uid, who="WATCHER", query=""):
        """The address of the channel."""
        status, headers = self.ask(server, f"/workitems/{uid}/subscribers/{who}{query}")
        self.assertEqual(status, 201)
        return headers["Content-Location"]

    def listen(self, url, **options):
        channel = websocket.create_connection(
            url, timeout=PATIENCE, header=[f"{n}: {v}" for n, v in self.headers.items()], **options)
        self.addCleanup(channel.shutdown)
        return channel

    def hear(self, channel, *expected):
        """The next events, each (type, work item, state or None)."""
        heard = []
        for _ in expected:
            event = Dataset.from_json(json.loads(channel.recv()))
            heard.append((event[0x00001002].value, event[0x00001000].value,
                          event.get("ProcedureStepState")))
        self.assertEqual(heard, list(expected))
        return event

    def answer(self, channel):
        """The ping behind what was heard last, as a client does that reads on."""
        opcode, _ = channel.recv_data_frame(control_frame=True)
        self.assertEqual(opcode, websocket.ABNF.OPCODE_PING)

    def test_events_are_heard_as_they_happen(self):
        server = self.serve()
        channel = self.listen(self.subscribe(server, ALL))
        self.assertTrue(channel.connected)
        item = workitem()
        station = Dataset()
        station.CodeValue, station.CodingSchemeDesignator = "ROOM1", "99X"
        station.CodeMeaning = "Room 1"
        item.ScheduledStationNameCodeSequence = [station]
        self.create(server, "2.999.1", item)
        assigned = self.hear(channel, (STATE, "2.999.1", "SCHEDULED"), (ASSIGNED, "2.999.1", None))
        self.assertEqual(assigned.ScheduledStationNameCodeSequence[0].CodeValue, "ROOM1")
        self.move(server, "2.999.1", "IN PROGRESS")
        self.hear(channel, (STATE, "2.999.1", "IN PROGRESS"))
        progress = Dataset()
        progress.ProcedureStepProgress = "50"
        update = Dataset()
        update.ProcedureStepProgressInformationSequence = [progress]
        self.assertEqual(self.ask(server, "/workitems/2.999.1?2.999.8", dataset=update)[0], 200)
        event = self.hear(channel, (PROGRESS, "2.999.1", None))
        self.assertEqual(event.ProcedureStepProgressInformationSequence[0].ProcedureStepProgress, 50)
        reasons = Dataset()
        reasons.ReasonForCancellation = "moved away"
        self.assertEqual(
            self.ask(server, "/workitems/2.999.1/cancelrequest", dataset=reasons)[0], 202)
        event = self.hear(channel, (CANCEL, "2.999.1", None))
        self.assertEqual((event.RequestingAE, event.ReasonForCancellation),
                         ("ANONYMOUS", "moved away"))
        self.assertEqual(self.ask(server, f"/workitems/{ALL}/subscribers/WATCHER", "DELETE")[0], 200)
        self.assertEqual(self.ask(server, "/workitems/2.999.1/cancelrequest")[0], 409)

    def test_the_end_of_the_server_is_told_and_what_was_missed_is_told_after(self):
        server = self.serve()
        self.create(server, "2.999.1")
        url = self.subscribe(server, "2.999.1", query="?deletionlock=true")
        channel = self.listen(url)
        self.hear(channel, (STATE, "2.999.1", "SCHEDULED"))
        self.answer(channel)
        self.assertEqual(server.end(), 0)
        self.assertEqual(self.hear(channel, (STATUS, ALL, None)).SCPStatus, "GOING DOWN")
        opcode, _ = channel.recv_data()
        self.assertEqual(opcode, websocket.ABNF.OPCODE_CLOSE)
        server = self.serve()
        self.move(server, "2.999.1", "IN PROGRESS")
        self.create(server, "2.999.2")
        server.end(signal.SIGKILL)
        server = self.serve()
        channel = self.listen(
            urllib.parse.urlsplit(url)._replace(netloc=server.url[len("http://"):]).geturl())
        event = self.hear(channel, (STATUS, ALL, None))
        self.assertEqual((event.SCPStatus, event.SubscriptionListStatus,
                          event.UnifiedProcedureStepListStatus),
                         ("RESTARTED", "WARM START", "WARM START"))
        self.hear(channel, (STATE, "2.999.1", "IN PROGRESS"))

    def test_what_a_client_that_vanished_was_sent_comes_again(self):
        server = self.serve()
        url = self.subscribe(server, ALL)

        def vanish():
            """With something unread."""
            channel = self.listen(url)
            self.create(server, f"2.999.{len(made) + 1}")
            made.append(f"2.999.{len(made) + 1}")
            self.assertTrue(select.select([channel.sock], [], [], PATIENCE)[0])
            time.sleep(0.3)
            channel.sock.close()
        made = []
        vanish()
        vanish()
        channel = self.listen(url)
        self.hear(channel, *[(STATE, uid, "SCHEDULED") for uid in made])
        channel.settimeout(1)  # it answers as it reads on
        with self.assertRaises(websocket.WebSocketTimeoutException):
            channel.recv()
        channel.close()
        server.end()
        server = self.serve()
        url = urllib.parse.urlsplit(url)._replace(netloc=server.url[len("http://"):]).geturl()
        vanish()
        channel = self.listen(url)
        self.hear(channel, (STATUS, ALL, None), (STATE, made[-1], "SCHEDULED"))

    def test_filtered_and_suspended(self):
        server = self.serve()
        self.create(server, "2.999.1", workitem("Read"))
        self.create(server, "2.999.2", workitem("Print"))
        channel = self.listen(self.subscribe(
            server, FILTERED, query="?deletionlock=true&filter=ProcedureStepLabel=Read"))
        self.hear(channel, (STATE, "2.999.1", "SCHEDULED"))
        self.create(server, "2.999.3", workitem("Print"))
        self.create(server, "2.999.4", workitem("Read"))
        self.hear(channel, (STATE, "2.999.4", "SCHEDULED"))
        self.assertEqual(
            self.ask(server, f"/workitems/{FILTERED}/subscribers/WATCHER/suspend")[0], 200)
        self.create(server, "2.999.5", workitem("Read"))
        self.move(server, "2.999.4", "IN PROGRESS")
        self.hear(channel, (STATE, "2.999.4", "IN PROGRESS"))

    def test_a_channel_needs_a_token_and_no_strange_page(self):
        tokens = self.folder / "tokens"
        tokens.write_text("reader " + "r" * 20 + " read\nwriter " + "w" * 20 + "\n")
        server = self.serve("--set", f"http.tokens={tokens}")
        url = "ws" + server.url[len("http"):] + "/dicom-web/subscribers/WATCHER"

        def refusal(**options):
            with self.assertRaises(websocket.WebSocketBadStatusException) as refused:
                self.listen(url, **options)
            return refused.exception.status_code
        self.assertEqual(refusal(), 401)
        self.headers = {"Authorization": "Bearer " + "r" * 20}
        self.assertEqual(self.ask(server, f"/workitems/{ALL}/subscribers/WATCHER")[0], 403)
        self.assertEqual(refusal(), 403, "what is told is told once")
        self.headers = {"Authorization": "Bearer " + "w" * 20}
        self.assertEqual(refusal(origin="https://elsewhere.example"), 403)
        channel = self.listen(url)
        self.subscribe(server, ALL)
        self.create(server, "2.999.1")
        self.hear(channel, (STATE, "2.999.1", "SCHEDULED"))
        server.end()
        log = (self.folder / "data.log").read_text()
        self.assertRegex(log, '"event":"ups.subscribed".*"principal":"writer"')
        self.assertRegex(log, '"event":"ups.channel-opened".*"principal":"writer"')
        self.assertRegex(log, '"event":"http.request".*subscribers.*"status":101')

    def test_over_tls(self):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout",
                        self.folder / "key.pem", "-out", self.folder / "cert.pem", "-days", "2",
                        "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
                       check=True, capture_output=True)
        server = self.serve("--set", f"http.tls_certificate={self.folder}/cert.pem",
                            "--set", f"http.tls_key={self.folder}/key.pem")
        context = ssl.create_default_context(cafile=self.folder / "cert.pem")
        port = server.url.rsplit(":", 1)[1]
        request = urllib.request.Request(
            f"https://localhost:{port}/dicom-web/workitems/{ALL}/subscribers/WATCHER", method="POST")
        with urllib.request.urlopen(request, timeout=PATIENCE, context=context) as answer:
            url = answer.headers["Content-Location"]
        self.assertTrue(url.startswith(f"wss://localhost:{port}/"), url)
        channel = self.listen(url, sslopt={"ca_certs": str(self.folder / "cert.pem")})
        made = urllib.request.Request(f"https://localhost:{port}/dicom-web/workitems?2.999.1",
                                      data=workitem().to_json().encode(),
                                      headers={"Content-Type": "application/dicom+json"})
        with urllib.request.urlopen(made, timeout=PATIENCE, context=context) as answer:
            self.assertEqual(answer.status, 201)
        self.hear(channel, (STATE, "2.999.1", "SCHEDULED"))
        self.answer(channel)
        server.end()
        self.hear(channel, (STATUS, ALL, None))

    def test_an_event_of_one_process_reaches_a_channel_of_another(self):
        if services.Postgres.programs() is None:
            self.skipTest("skipped: PostgreSQL is not installed")
        self.folder.chmod(0o755)
        postgres = services.Postgres(self.folder)
        self.addCleanup(postgres.stop)
        faults = self.folder / "faults"
        faults.write_text("")
        s3 = subprocess.Popen(
            [sys.executable, HERE.parent / "support" / "s3_stand_in.py", faults, "0"],
            stdout=subprocess.PIPE, text=True)
        for end in (s3.stdout.close, s3.wait, s3.kill):
            self.addCleanup(end)
        (self.folder / "s3").write_text("access_key a\nsecret_key s\n")
        (self.folder / "s3").chmod(0o600)
        shared = [option for key, value in {
            "keys": f"file:{self.folder}/kek.json",
            "store.index": "postgres:" + postgres.environment()["LUCERNA_TEST_POSTGRES"],
            "store.objects": "s3",
            "store.s3_endpoint": f"http://127.0.0.1:{s3.stdout.readline().strip()}",
            "store.s3_bucket": "lucerna",
            "store.s3_keys": f"{self.folder}/s3"}.items() for option in ("--set", f"{key}={value}")]
        here, there = (self.serve(*shared, data=name) for name in ("here", "there"))
        channel = self.listen(self.subscribe(here, ALL))
        self.create(there, "2.999.1")
        self.hear(channel, (STATE, "2.999.1", "SCHEDULED"))
        self.move(there, "2.999.1", "IN PROGRESS")
        self.hear(channel, (STATE, "2.999.1", "IN PROGRESS"))
        other = self.listen(self.subscribe(there, "2.999.1", "OTHER"))
        self.hear(other, (STATE, "2.999.1", "IN PROGRESS"))
        self.assertEqual(self.ask(here, "/workitems/2.999.1/cancelrequest")[0], 202)
        for one in (channel, other):
            self.hear(one, (CANCEL, "2.999.1", None))


if __name__ == "__main__":
    main("Subscriptions")
