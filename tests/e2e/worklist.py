#!/usr/bin/env python3
"""Orders in, worklists out, performed steps back: by other people's clients, unmodified. DCMTK's
findscu, pynetdicom, python-hl7 and curl against the running program.

    LUCERNA_BIN=... PYTHONPATH=.deps/python tests/e2e/worklist.py [TEST]
"""
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import unittest
import unittest.mock

import hl7
from hl7.client import MLLPClient
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from pynetdicom.sop_class import (
    ModalityPerformedProcedureStep as MPPS,
    ModalityPerformedProcedureStepRetrieve as MPPS_RETRIEVE,
    ModalityWorklistInformationFind as WORKLIST,
)
from query_retrieve import Association, found, free_port, made
from whole_program import LUCERNA, PATIENCE, Server, main


def segment(name, **fields):
    """One by its fields' numbers: segment("PID", f3="P1")."""
    numbered = {int(key[1:]): value for key, value in fields.items()}
    return name + "".join("|" + numbered.get(i, "") for i in range(1, max(numbered) + 1))


def orm(number, control="NW", name="Doe^Jane", encoding="UNICODE UTF-8", start="202603020930"):
    """An ORM^O01 as IHE's Order Filler sends it."""
    placer, filler = f"O{number}^EHR", f"F{number}^RIS"
    return "\r".join([
        f"MSH|^~\\&|RIS|HOSP|LUCERNA|SCREEN|20260301081500||ORM^O01^ORM_O01|C{number}|P|2.3.1"
        f"||||||{encoding}",
        segment("PID", f1="1", f3=f"P{number}^^^HOSP^MR", f5=name, f7="19700102", f8="F"),
        segment("PV1", f1="1", f2="O", f8="77^Ref^Erring"),
        segment("ORC", f1=control, f2=placer, f3=filler, f7=f"^^^{start}^^R"),
        segment("OBR", f1="1", f2=placer, f3=filler, f4="SCR^Screening^99X^MG4^Four views^99Y",
                f16="5^Asking^Anne", f18=f"A{number}", f19=f"RP{number}", f20=f"SPS{number}",
                f24="MG", f34="77&Tech&Nora"),
        ""])


def service_request(number, **values):
    request = {
        "resourceType": "ServiceRequest", "status": "active", "intent": "order",
        "contained": [{"resourceType": "Patient", "id": "p",
                       "identifier": [{"system": "urn:oid:1.2.3", "value": f"P{number}"}],
                       "name": [{"family": "Müller", "given": ["Eva"]}],
                       "gender": "female", "birthDate": "1970-01-02"}],
        "identifier": [{"type": {"coding": [{"code": "PLAC"}]}, "system": "http://ehr.example",
                        "value": f"O{number}"},
                       {"type": {"coding": [{"code": "ACSN"}]}, "value": f"A{number}"}],
        "code": {"text": "Screening"}, "subject": {"reference": "#p"},
        "occurrenceDateTime": "2026-03-02T10:00:00+01:00"}
    request.update(values)
    return request


def keys(step=None, **values):
    """A worklist query; `step`: keys within Scheduled Procedure Step Sequence."""
    d = Dataset()
    d.AccessionNumber = d.PatientName = d.PatientID = d.StudyInstanceUID = ""
    d.RequestedProcedureID = d.RequestedProcedureDescription = ""
    for keyword, value in values.items():
        setattr(d, keyword, value)
    item = Dataset()
    item.Modality = item.ScheduledStationAETitle = item.ScheduledProcedureStepID = ""
    item.ScheduledProcedureStepStartDate = item.ScheduledProcedureStepStartTime = ""
    for keyword, value in (step or {}).items():
        setattr(item, keyword, value)
    d.ScheduledProcedureStepSequence = [item]
    return d


def begun(item):
    """An N-CREATE's attributes for a worklist item, as a modality fills them in."""
    step = item.ScheduledProcedureStepSequence[0]
    d = Dataset()
    d.PatientName, d.PatientID = item.PatientName, item.PatientID
    d.PatientBirthDate = d.PatientSex = d.StudyID = ""
    d.PerformedProcedureStepID, d.PerformedStationAETitle = "PPS1", "MAMMO1"
    d.PerformedProcedureStepStartDate, d.PerformedProcedureStepStartTime = "20260302", "0931"
    d.PerformedProcedureStepStatus, d.Modality = "IN PROGRESS", step.Modality
    d.PerformedProcedureStepEndDate = d.PerformedProcedureStepEndTime = ""
    d.PerformedSeriesSequence = []
    scheduled = Dataset()
    scheduled.StudyInstanceUID = item.StudyInstanceUID
    scheduled.AccessionNumber = item.AccessionNumber
    scheduled.ScheduledProcedureStepID = step.ScheduledProcedureStepID
    scheduled.RequestedProcedureID = item.RequestedProcedureID
    d.ScheduledStepAttributesSequence = [scheduled]
    return d


def ended(status):
    d = Dataset()
    d.PerformedProcedureStepStatus = status
    d.PerformedProcedureStepEndDate, d.PerformedProcedureStepEndTime = "20260302", "0945"
    series = Dataset()
    series.SeriesInstanceUID, series.ProtocolName = generate_uid(), "Screening"
    d.PerformedSeriesSequence = [series]
    return d


class Worklist(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="lucerna-worklist-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.hl7_port = free_port()

    def path(self, name):
        return os.path.join(self.folder, name)

    def serve(self, *options):
        server = Server(self.path("data"), "--set", f"hl7.listen=127.0.0.1:{self.hl7_port}",
                        *options)
        self.addCleanup(lambda: server.process.poll() is None and server.end(signal.SIGKILL))
        return server

    def send(self, message, encoding="utf-8"):
        """Sends one message as python-hl7 does, and returns the acknowledgement."""
        with MLLPClient("127.0.0.1", self.hl7_port, encoding=encoding) as client:
            return hl7.parse(client.send_message(message.encode(encoding)), encoding=encoding)

    def post(self, server, body, path="/fhir/ServiceRequest"):
        """As curl sends it: the status and what came back."""
        run = subprocess.run(
            ["curl", "-sS", "-X", "POST", "-H", "Content-Type: application/fhir+json",
             "--data-binary", "@-", "-w", "\n%{http_code}", server.url + path],
            input=json.dumps(body), capture_output=True, text=True, check=True)
        text, status = run.stdout.rsplit("\n", 1)
        return int(status), json.loads(text)

    def steps(self, server, **values):
        """Worklist items by pynetdicom."""
        with Association(server, WORKLIST) as association:
            statuses, items = found(association, keys(**values), WORKLIST)
        self.assertEqual(statuses[-1], 0x0000)
        return items

    def accessions(self, server, **values):
        return [item.AccessionNumber for item in self.steps(server, **values)]

    def test_a_study_of_another_patient_is_not_ordered(self):
        server = self.serve()
        study = segment("ZDS", f1="2.999.77^LUCERNA^Application^DICOM") + "\r"
        self.assertEqual(self.send(orm(1) + study).segment("MSA")[1][0], "AA")
        answer = self.send(orm(2) + study)
        self.assertEqual(answer.segment("MSA")[1][0], "AE")
        self.assertIn("another patient's study", str(answer.segment("ERR")))
        uid = {"system": "urn:dicom:uid", "value": "urn:oid:2.999.77"}
        request = service_request("3")
        request["identifier"].append(uid)
        status, outcome = self.post(server, request)
        self.assertEqual(status, 409, outcome)
        self.assertIn("another patient's study", json.dumps(outcome))
        self.assertEqual(len(self.steps(server)), 1)

    def test_times_are_those_of_the_place(self):
        with unittest.mock.patch.dict(os.environ, TZ="CET-1CEST,M3.5.0,M10.5.0/3"):
            server = self.serve()
        for number, start in ((1, "202603012330+0000"), (2, "20260302093000+0100"), (3, "202603021400")):
            self.assertEqual(self.send(orm(number, start=start)).segment("MSA")[1][0], "AA")
        self.assertEqual(self.send(orm(4, start="202603021400+9")).segment("MSA")[1][0], "AE")
        status, _ = self.post(server, service_request("5", occurrenceDateTime="2026-07-01T22:30:00Z"))
        self.assertEqual(status, 201)
        starts = {}
        for item in self.steps(server):
            step = item.ScheduledProcedureStepSequence[0]
            starts[item.AccessionNumber] = (step.ScheduledProcedureStepStartDate
                                            + step.ScheduledProcedureStepStartTime)
        self.assertEqual(starts, {"A1": "202603020030", "A2": "20260302093000", "A3": "202603021400",
                                  "A5": "20260702003000"})

    def test_findscu_asks_for_the_worklist(self):
        server = self.serve()
        for number, start in [(1, "202603020930"), (2, "202603031000")]:
            self.assertEqual(self.send(orm(number, start=start)).segment("MSA")[1][0], "AA")
        sequence = "ScheduledProcedureStepSequence[0]."
        for more, count in [([], 2), (["PatientID=P1"], 1), (["PatientName=DOE*"], 2),
                            ([sequence + "ScheduledProcedureStepStartDate=20260303-"], 1),
                            ([sequence + "Modality=US"], 0),
                            ([sequence + "ScheduledStationAETitle=MAMMO1"], 2)]:
            arguments = ["-k", "AccessionNumber", "-k", sequence + "ScheduledProcedureStepID"]
            for key in more:
                arguments += ["-k", key]
            run = subprocess.run(["findscu", "-W", "-aec", "LUCERNA", *arguments, "127.0.0.1",
                                  server.dicom_port], capture_output=True, text=True,
                                 errors="replace")
            said = run.stdout + run.stderr
            self.assertEqual(run.returncode, 0, said)
            self.assertEqual(len(re.findall(r"Find Response: \d+ \(Pending\)", said)), count,
                             f"{arguments}\n{said}")

    def test_an_hl7_order_is_placed_changed_and_cancelled(self):
        server = self.serve()
        for _ in range(2):
            answer = self.send(orm(1))
            self.assertEqual(answer.segment("MSA")[1][0], "AA")
            self.assertEqual(answer.segment("MSA")[2][0], "C1")
            self.assertEqual(self.accessions(server), ["A1"])
        step = self.steps(server)[0]
        self.assertEqual(step.RequestedProcedureDescription, "Screening")
        self.assertEqual(step.ScheduledProcedureStepSequence[0].ScheduledProcedureStepID, "SPS1")
        self.send(orm(1, "XO", start="202603051100"))
        changed = self.steps(server)[0]
        self.assertEqual(changed.StudyInstanceUID, step.StudyInstanceUID)
        self.assertEqual(
            changed.ScheduledProcedureStepSequence[0].ScheduledProcedureStepStartDate, "20260305")
        self.assertEqual(self.send(orm(1, "CA")).segment("MSA")[1][0], "AA")
        self.assertEqual(self.accessions(server), [])
        unknown = self.send(orm(9, "CA"))
        self.assertEqual(unknown.segment("MSA")[1][0], "AE")
        self.assertEqual(unknown.segment("ERR")[3][0][0][0], "204")

    def test_an_error_names_segment_and_field(self):
        self.serve()
        answer = self.send(orm(1).replace("|A1|", "|" + "A" * 20 + "|"))
        self.assertEqual(answer.segment("MSA")[1][0], "AE")
        self.assertEqual([str(part) for part in answer.segment("ERR")[2][0]][:3],
                         ["OBR", "1", "18"])
        answer = self.send(orm(1).replace("ORM^O01^ORM_O01", "ADT^A08"))
        self.assertEqual(answer.segment("MSA")[1][0], "AR")

    def test_hl7_text_is_read_by_its_character_set(self):
        server = self.serve()
        self.send(orm(1, name="Müller^Änne", encoding="8859/1"), "latin-1")
        self.send(orm(2, name="山田^太郎"))
        names = [str(item.PatientName) for item in self.steps(server)]
        self.assertEqual(names, ["Müller^Änne", "山田^太郎"])
        self.assertEqual(self.accessions(server, PatientName="müller*"), ["A1"])

    def test_mllp_without_an_end_is_cut_off(self):
        server = self.serve("--set", "hl7.max_message_bytes=4096")
        with socket.create_connection(("127.0.0.1", self.hl7_port), PATIENCE) as peer:
            try:
                peer.sendall(b"\x0bMSH|^~\\&|" + b"x" * 100000)
                self.assertEqual(peer.recv(100), b"")
            except ConnectionError:
                pass
        self.assertEqual(self.send(orm(1)).segment("MSA")[1][0], "AA")
        self.assertEqual(self.accessions(server), ["A1"])

    def test_a_service_request_is_placed_and_revoked_by_curl(self):
        server = self.serve()
        status, outcome = self.post(server, service_request(1))
        self.assertEqual((status, outcome["resourceType"]), (201, "OperationOutcome"))
        self.assertEqual(self.post(server, service_request(1))[0], 200)
        items = self.steps(server)
        self.assertEqual([str(item.PatientName) for item in items], ["Müller^Eva"])
        self.assertEqual(items[0].ScheduledProcedureStepSequence[0].Modality, "MG")
        self.assertIn(items[0].StudyInstanceUID, outcome["issue"][0]["diagnostics"])
        status, outcome = self.post(server, service_request(2, subject={"reference": "Patient/9"}))
        self.assertEqual(status, 422)
        self.assertEqual(outcome["issue"][0]["expression"], ["ServiceRequest.subject.reference"])
        self.assertEqual(self.post(server, service_request(1, status="revoked"))[0], 200)
        self.assertEqual(self.accessions(server), [])

    def test_a_transaction_is_kept_whole_or_not_at_all(self):
        server = self.serve()
        entries = [{"resource": service_request(number),
                    "request": {"method": "POST", "url": "ServiceRequest"}} for number in (1, 2)]
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
        entries[1]["resource"]["status"] = "revoked"
        status, outcome = self.post(server, bundle, "/fhir")
        self.assertEqual(status, 422)
        self.assertEqual(outcome["issue"][0]["code"], "not-found")
        self.assertEqual(self.accessions(server), [])
        entries[1]["resource"]["status"] = "active"
        status, answer = self.post(server, bundle, "/fhir")
        self.assertEqual(status, 200)
        self.assertEqual([e["response"]["status"] for e in answer["entry"]], ["201 Created"] * 2)
        self.assertEqual(self.accessions(server), ["A1", "A2"])
        for number, entry in enumerate(answer["entry"], 1):
            given = server.get("/fhir/" + entry["response"]["location"])
            self.assertEqual(given["identifier"][0]["value"], f"O{number}")
            self.assertEqual(given["contained"][0]["name"][0]["family"], "Müller")
            given["status"] = "revoked"
            self.assertEqual(self.post(server, given)[0], 200, "what is given out names the order")
            again = server.get("/fhir/" + entry["response"]["location"])
            self.assertEqual(again["status"], "revoked")
        self.assertEqual(self.accessions(server), [])

    def test_a_general_order_is_placed(self):
        server = self.serve()
        general = orm(1).replace("ORM^O01^ORM_O01", "OMG^O19^OMG_O19").replace("|2.3.1", "|2.5.1")
        answer = self.send(general)
        self.assertEqual(answer.segment("MSA")[1][0], "AA")
        self.assertEqual(self.accessions(server), ["A1"])
        prior = general + "PID|2||P1||Doe^Jane\rORC|NW|OLD\rOBR|1|OLD\r"
        self.assertEqual(self.send(prior).segment("MSA")[1][0], "AE")
        self.assertEqual(self.accessions(server), ["A1"])

    def test_a_modality_performs_a_step(self):
        server = self.serve()
        self.send(orm(1))
        self.send(orm(2))
        item = self.steps(server, PatientID="P1")[0]
        uid = generate_uid()
        with Association(server, MPPS, MPPS_RETRIEVE) as association:
            status, _ = association.send_n_create(begun(item), MPPS, uid)
            self.assertEqual(status.Status, 0x0000)
            self.assertEqual(self.accessions(server), ["A2"])
            self.assertEqual(
                self.accessions(server, step={"ScheduledProcedureStepStatus": "STARTED"}), ["A1"])
            self.assertEqual(association.send_n_create(begun(item), MPPS, uid)[0].Status, 0x0111)
            missing = begun(item)
            del missing.PerformedStationAETitle
            self.assertEqual(association.send_n_create(missing, MPPS, generate_uid())[0].Status,
                             0x0120)
            self.assertEqual(association.send_n_set(ended("COMPLETED"), MPPS,
                                                    generate_uid())[0].Status, 0x0112)
            self.assertEqual(association.send_n_set(ended("COMPLETED"), MPPS, uid)[0].Status, 0)
            late = association.send_n_set(ended("DISCONTINUED"), MPPS, uid)[0]
            self.assertEqual((late.Status, late.ErrorID), (0x0110, 0xA710))
            status, kept = association.send_n_get([0x00400252, 0x00100020], MPPS_RETRIEVE, uid)
            self.assertEqual(status.Status, 0x0000)
            self.assertEqual((kept.PerformedProcedureStepStatus, kept.PatientID),
                             ("COMPLETED", "P1"))
        refused = self.send(orm(1, "CA"))
        self.assertEqual(refused.segment("ERR")[3][0][0][0], "206")

    def test_orders_survive_a_kill_and_leave_with_their_patient(self):
        server = self.serve()
        self.send(orm(1))
        self.send(orm(2))
        item = self.steps(server, PatientID="P1")[0]
        with Association(server, MPPS) as association:
            self.assertEqual(association.send_n_create(begun(item), MPPS, generate_uid())[0].Status,
                             0x0000)
        server.end(signal.SIGKILL)
        erase = subprocess.run([LUCERNA, "erase", "--data", self.path("data"), "--patient", "P1",
                                "--issuer", "HOSP", "--yes"], capture_output=True, text=True)
        self.assertEqual(erase.returncode, 0, erase.stderr)
        self.assertIn("2 orders or performed steps", erase.stdout)
        server = self.serve()
        self.assertEqual(self.accessions(server), ["A2"])
        self.assertEqual(
            self.accessions(server, step={"ScheduledProcedureStepStatus": "STARTED"}), [])

    def test_an_image_without_an_issuer_leaves_with_its_order(self):
        server = self.serve()
        self.send(orm(1))
        # As modalities send it: without Issuer of Patient ID (0010,0021).
        image = os.path.join(self.folder, "image.dcm")
        made(1, 1, 1, PatientID="P1", PatientName="Doe^Jane").save_as(image,
                                                                      enforce_file_format=True)
        self.assertEqual(server.store([image]).returncode, 0)
        server.end()

        def erase(*options, status):
            run = subprocess.run([LUCERNA, "erase", "--data", self.path("data"), "--patient", "P1",
                                  *options], capture_output=True, text=True)
            self.assertEqual(run.returncode, status, run.stdout + run.stderr)
            return run.stdout + run.stderr
        self.assertIn("1 instances in 1 studies and 1 orders", erase(status=2))
        # A second hospital that gave the same number to somebody else.
        server = self.serve()
        other = orm(2).replace("P2^^^HOSP", "P1^^^CLINIC")
        self.send(other)
        server.end()
        self.assertIn("CLINIC", erase("--issuer", "HOSP", status=2))
        said = erase("--issuer", "HOSP", "--yes", status=0)
        self.assertIn("erased 0 instances in 0 studies and 1 orders", said)
        self.assertIn("no issuer, issuer CLINIC", said)
        said = erase("--any-issuer", "--yes", status=0)
        self.assertIn("erased 1 instances in 1 studies and 1 orders", said)
        server = self.serve()
        self.assertEqual(self.steps(server), [])

    def test_beyond_loopback_hl7_wants_to_know_its_callers(self):
        run = subprocess.run(
            [LUCERNA, "serve", "--data", self.path("data"), "--http", "127.0.0.1:0", "--dicom",
             "127.0.0.1:0", "--set", "hl7.listen=0.0.0.0:0"], capture_output=True, text=True,
            timeout=PATIENCE)
        self.assertNotEqual(run.returncode, 0)
        self.assertIn("hl7.callers", run.stderr)


if __name__ == "__main__":
    main("Worklist")
