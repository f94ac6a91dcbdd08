#!/usr/bin/env python3
"""Sends a running `lucerna serve` crowds of whom each asks for little more than is allowed: heads of many
fields, documents of brackets, metadata that stop, channels that nobody reads, connections that say nothing;
and lists of millions of values, and values as large as they may be.

    LUCERNA_BIN=... PYTHONPATH=.deps/python:tests/e2e:tests/fault tests/fault/hostile_crowds.py [NAME]

A new server for each. It does not grow by more than 100 MB, and takes and answers others meanwhile and after.
"""
import concurrent.futures
import contextlib
import json
import pathlib
import queue
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

import websocket
from pydicom.dataset import Dataset
from pynetdicom import AE, evt
from pynetdicom.dsutils import encode
from pynetdicom.sop_class import (
    ModalityPerformedProcedureStep as MPPS,
    ModalityPerformedProcedureStepRetrieve as MPPS_RETRIEVE,
    StorageCommitmentPushModel as COMMITMENT,
)

from hostile_senders import (CAPTURE, EXPLICIT, HEADER, MOST_GROWTH_KIB, PATIENT, STUDY_FIND, Growth, at_once, converse,
                             element, framed, good_one_is_taken, image, item, native, order, send, status_of, stow,
                             us)
from query_retrieve import free_port
from subscriptions import ALL, FILTERED, workitem
from whole_program import PATIENCE, Server, wait_for

STUDY_GET = "1.2.840.10008.5.1.4.1.2.2.3"
IMPLICIT = b"1.2.840.10008.1.2"
JSON, XML = "application/dicom+json", "application/dicom+xml"
# Of one host: the connections over HTTP, and the associations, of all.
MOST_CONNECTIONS, MOST_ASSOCIATIONS = 768, 96
EMPTY = b"[]," * 330_000
DOCUMENT = b'{"00104000":{"vr":"UT","Value":[' + EMPTY + b'[]]}}'
# Where they wait for as long as one of the crowd may say nothing.
STALLED_OTHERS = 8
# In which each C-STORE is to be answered.
C_STORE_SECONDS = 3


def place(server):
    address = urllib.parse.urlsplit(server.url)
    return address.hostname, address.port


def post(server, path, kind, body):
    """The status; None where the server ended the connection before all of it was sent."""
    try:
        return status_of(urllib.request.Request(server.url + path, data=body, headers={"Content-Type": kind}))
    except urllib.error.URLError:
        return None


class Held(contextlib.ExitStack):
    """Sockets that stay open until the end."""

    def connect(self, address, said=b""):
        one = self.enter_context(contextlib.closing(socket.create_connection(address, PATIENCE)))
        with contextlib.suppress(OSError):  # it was refused meanwhile
            one.sendall(said)
        return one


def heads(server, held):
    """That have as many fields as fit into one, and no end."""
    head = b"GET / HTTP/1.1\r\n" + b"a:\r\n" * 6_200
    for _ in range(1000):
        held.connect(place(server), head)


def whole_heads(server, held):
    """Whose bodies do not come."""
    head = (b"POST /fhir/ServiceRequest HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000\r\n" + b"a:\r\n" * 6_200 +
            b"\r\n")
    for _ in range(1000):
        held.connect(place(server), head)


def brackets_for_work_items(server, _held):
    return at_once(24, lambda n: post(server, f"/dicom-web/workitems?2.999.{n + 1}", JSON, DOCUMENT)), {400}


def items_for_metadata(server, _held):
    items = b'[{"00081140":{"vr":"SQ","Value":[%b{}]}}]' % (b"{}," * 2_000_000)
    return at_once(8, lambda n: stow(server, items, kind=JSON, accept=JSON)), {400, 409, 503}


def brackets_for_orders(server, _held):
    return at_once(16, lambda n: post(server, "/fhir/ServiceRequest", "application/fhir+json", DOCUMENT)), {400, 422, None}


def metadata_that_stop(server, held):
    """Each some 16 MB of one value, without the end."""
    part = f"--b\r\nContent-Type: {JSON}\r\n\r\n".encode() + b'[{"00104000":{"vr":"UT","Value":["' + b"x" * 16_000_000
    head = (f"POST /dicom-web/studies HTTP/1.1\r\nHost: localhost\r\nContent-Length: {2 * len(part)}\r\n"
            f'Content-Type: multipart/related; type="{JSON}"; boundary=b\r\n\r\n').encode()

    def begin(_):
        one = socket.create_connection(place(server), PATIENCE)
        held.callback(one.close)
        one.settimeout(5)
        with contextlib.suppress(OSError):  # it takes no more of it
            one.sendall(head + part)
    at_once(8, begin)


def channels_that_nobody_reads(server, held):
    """As many as a host may have, each told of 100 work items of 350 stations."""
    for number in range(192):
        with urllib.request.urlopen(urllib.request.Request(
                f"{server.url}/dicom-web/workitems/{ALL}/subscribers/W{number}", method="POST"), timeout=PATIENCE) as answer:
            address = answer.headers["Content-Location"]
        narrow = [(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)]
        channel = websocket.create_connection(address, timeout=PATIENCE, sockopt=narrow)
        held.callback(channel.shutdown)
    item = workitem()
    station = Dataset()
    station.CodeValue, station.CodingSchemeDesignator, station.CodeMeaning = "ROOM1", "99X", "Room 1"
    item.ScheduledStationNameCodeSequence = [station] * 350
    body = item.to_json().encode()
    return [post(server, f"/dicom-web/workitems?2.999.{n + 1}", JSON, body) for n in range(100)], {201}


def large_values(server, _held):
    """Of 20 MB: one text, one of bytes, one list. Their metadata, four at once."""
    def asked(number, kind):
        path = f"/dicom-web/studies/2.999.15/series/2.999.15.1/instances/2.999.15.1.{number}/metadata"
        return status_of(urllib.request.Request(server.url + path, headers={"Accept": kind}))
    size = 20_000_000
    for number, value in enumerate((element(0x0010, 0x4000, "UT", "x" * size), element(0x0042, 0x0011, "OB", bytes(size)),
                                    element(0x7FE1, 0x1001, "UC", "\\" * size))):
        data_set = image(f"2.999.15.1.{number}", native(), before=value if number == 0 else b"",
                         after=b"" if number == 0 else value, study="2.999.15")
        assert send(server, EXPLICIT, data_set) == "0000", number
    return [status for number in range(3) for kind in (JSON, 'multipart/related; type="' + XML + '"')
            for status in at_once(4, lambda n: asked(number, kind))], {200, 501, 503}


def a_list_for_a_study(server, _held):
    """80 million values of nothing in one C-STORE."""
    data_set = image("2.999.16.1", native(), study="2.999.16").replace(
        element(0x20, 0x0D, "UI", "2.999.16"), element(0x20, 0x0D, "UC", b"\\" * 80_000_000))
    return [send(server, EXPLICIT, data_set)], {"C000", "A900"}


def lists_to_find(server, _held):
    """Of three million UIDs."""
    def ask(sop_class):
        ae = AE(ae_title="STRANGER")
        ae.add_requested_context(sop_class, [EXPLICIT])
        ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = PATIENCE
        association = ae.associate("127.0.0.1", int(server.dicom_port), ae_title="LUCERNA")
        query = Dataset()
        query.QueryRetrieveLevel = "STUDY"
        query.add_new(0x0020000D, "UC", "\\".join(["1"] * 3_000_000))
        query.ensure_file_meta()
        asked = association.send_c_find if sop_class == STUDY_FIND else association.send_c_get
        statuses = [status.get("Status", 0xFFFF) for status, _ in asked(query, sop_class)]
        if association.is_established:
            association.release()
        return f"{statuses[-1]:04X}"
    return [ask(STUDY_FIND), ask(STUDY_GET)], {"A900", "C000", "A700"}


def work_items_that_grow(server, _held):
    """By updates of 10,000 items each, eight at once."""
    def grow(number):
        uid, statuses = f"2.999.17.{number + 1}", []
        assert post(server, f"/dicom-web/workitems?{uid}", JSON, workitem().to_json().encode()) == 201
        for step in range(60):
            change = b'{"%08X":{"vr":"SQ","Value":[%b{}]}}' % (0x00741002 + 2 * step, b"{}," * 10_000)
            statuses.append(post(server, f"/dicom-web/workitems/{uid}", JSON, change))
        return statuses
    statuses = [status for one in at_once(8, grow) for status in one]
    assert 200 in statuses, "none of them grew"
    return statuses, {200, 400, 409, 413}


def hl7_messages(server, _held):
    """As many as there may be connections, of a megabyte of characters that take three bytes in UTF-8."""
    message = (HEADER % b"6").rstrip(b"\r") + b"||||||ISO IR14\r" + PATIENT + order(1) + b"NTE|1||" + b"\xb1" * 1_000_000
    return at_once(16, lambda n: converse(server.hl7_port, framed(message))), {"AA", "AE", "AR"}


def performed(scheduled, size):
    """A step performed of so many, of about so many bytes."""
    step = Dataset()
    step.PatientID, step.PatientName, step.PerformedProcedureStepID, step.Modality = "P1", "Doe^Jane", "1", "MG"
    step.PerformedProcedureStepStartDate, step.PerformedProcedureStepStartTime = "20260301", "09"
    step.PerformedStationAETitle, step.PerformedProcedureStepStatus = "MAMMO", "IN PROGRESS"
    step.ScheduledStepAttributesSequence = [Dataset() for _ in range(scheduled)]
    for item in step.ScheduledStepAttributesSequence:
        item.StudyInstanceUID, item.ScheduledProcedureStepID = "2.999.18", "S1"
    step.add_new(0x0040A160, "UT", "x" * size)
    return step


def with_steps(server, *classes):
    ae = AE(ae_title="MAMMO")
    for one in classes:
        ae.add_requested_context(one, [EXPLICIT])
    ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = PATIENCE
    association = ae.associate("127.0.0.1", int(server.dicom_port), ae_title="LUCERNA")
    assert association.is_established
    return association


def orders_of_one_number(server, _held):
    """490 in each of six messages, whose fillers' numbers tell them apart; an object beside each."""
    statuses = []
    for message in range(6):
        orders = b"".join(b"ORC|NW|SAME^EHR|%d^RIS\rOBR|1|SAME^EHR|%d^RIS|SCR^Screening\r" % (number, number)
                          for number in range(message * 490, message * 490 + 490))
        placed = threading.Thread(target=converse, args=(server.hl7_port, framed(HEADER % b"8" + PATIENT + orders)))
        placed.start()
        begun = time.monotonic()
        statuses.append(send(server, EXPLICIT, image(f"2.999.25.1.{message}", native(), study="2.999.25")))
        assert time.monotonic() - begun < C_STORE_SECONDS, "the object waited for the orders"
        placed.join()
    return statuses, {"0000"}


def steps_of_many(server, _held):
    """Performed of one scheduled step 20,000 times."""
    assert converse(server.hl7_port, framed(HEADER % b"7" + PATIENT + order(7) + b"ZDS|2.999.18\r")) == "AA"
    association = with_steps(server, MPPS)
    taken = threading.Thread(target=association.send_n_create, args=(performed(20_000, 0), MPPS, "2.999.18.1"),
                             daemon=True)
    taken.start()
    return [send(server, EXPLICIT, image(f"2.999.18.2.{n}", native(), study="2.999.18")) for n in range(5)], {"0000"}


def steps_that_are_read(server, _held):
    """By 24: one as large as it may be. Another is larger."""
    association = with_steps(server, MPPS)
    statuses = [association.send_n_create(performed(1, size), MPPS, f"2.999.19.{size}")[0].Status
                for size in (4_000_000, 900_000)]
    assert statuses == [0x0213, 0], statuses

    def read(_):
        one = with_steps(server, MPPS_RETRIEVE)
        status = one.send_n_get([], MPPS_RETRIEVE, "2.999.19.900000")[0].Status
        one.release()
        return status
    return at_once(24, read), {0, 0x0213}


def lists_on_many_associations(server, _held):
    """Of 29,900 UIDs each, to find and to get, six times on each of 30 associations."""
    def ask(number):
        query = Dataset()
        query.QueryRetrieveLevel = "STUDY"
        query.StudyInstanceUID = [f"1.2.{number + 1}.1{i:07}".ljust(64, "1") for i in range(29_900 - number)]
        sop_class = STUDY_FIND if number % 3 else STUDY_GET
        ae = AE(ae_title="STRANGER")
        ae.add_requested_context(sop_class, [EXPLICIT])
        ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = PATIENCE
        association = ae.associate("127.0.0.1", int(server.dicom_port), ae_title="LUCERNA")
        asked = association.send_c_find if sop_class == STUDY_FIND else association.send_c_get
        statuses = [[status.get("Status", 0xFFFF) for status, _ in asked(query, sop_class)][-1] for _ in range(6)]
        association.release()
        return statuses
    statuses = [f"{status:04X}" for of_one in at_once(30, ask) for status in of_one]
    assert "0000" in statuses, statuses
    return statuses, {"0000", "A700", "A701"}


def objects_to_commit(server, _held):
    """Of 200 MB, asked for on six associations."""
    assert send(server, EXPLICIT, image("2.999.20.1", native(200_000_000), study="2.999.20")) == "0000"

    def ask(number):
        reports = queue.Queue()
        ae = AE(ae_title=f"COMMIT{number}")
        ae.add_requested_context(COMMITMENT, [EXPLICIT])
        ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = PATIENCE
        association = ae.associate("127.0.0.1", int(server.dicom_port), ae_title="LUCERNA", evt_handlers=[
            (evt.EVT_N_EVENT_REPORT, lambda event: (reports.put(event.event_type), (0, None))[1])])
        request, item = Dataset(), Dataset()
        request.TransactionUID = f"2.999.20.2.{number}"
        item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = CAPTURE, "2.999.20.1"
        request.ReferencedSOPSequence = [item]
        association.send_n_action(request, 1, COMMITMENT, "1.2.840.10008.1.20.1.1")
        committed = reports.get(timeout=PATIENCE)
        time.sleep(0.2)  # pynetdicom stands still where it is to release what it still answers on
        association.release()
        return committed
    return at_once(6, ask), {1}


def filters_that_are_deep(server, _held):
    """250 subscriptions that look into sequences; six work items with thousands of items in those; an object meanwhile."""
    for number in range(250):
        path = (f"/dicom-web/workitems/{FILTERED}/subscribers/W{number}"
                f"?filter=00404021.00081199.00081155=2.999.{number}")
        assert status_of(urllib.request.Request(server.url + path, method="POST")) == 201
    step, inputs, one = workitem(), Dataset(), Dataset()
    one.ReferencedSOPClassUID, one.ReferencedSOPInstanceUID = CAPTURE, "1.999.1"
    inputs.ReferencedSOPSequence = [one] * 3000
    step.InputInformationSequence = [inputs]
    body = step.to_json().encode()
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        made = [pool.submit(post, server, f"/dicom-web/workitems?2.999.21.{n}", JSON, body) for n in range(6)]
        time.sleep(0.5)
        begun = time.monotonic()
        assert send(server, EXPLICIT, image("2.999.22.1", native(), study="2.999.22")) == "0000"
        assert time.monotonic() - begun < C_STORE_SECONDS, "the object waited for the filters"
        # Who is asked to come again does.
        return [201 if one.result() == 503 and post(server, f"/dicom-web/workitems?2.999.21.{n}", JSON, body) == 201
                else one.result() for n, one in enumerate(made)], {201}


def work_items_that_are_searched(server, _held):
    """By 40, who look into a sequence of thousands of items, in each of 20."""
    step, inputs, one = workitem(), Dataset(), Dataset()
    one.ReferencedSOPClassUID, one.ReferencedSOPInstanceUID = CAPTURE, "1.999.1"
    inputs.ReferencedSOPSequence = [one] * 3000
    step.InputInformationSequence = [inputs]
    for number in range(20):
        assert post(server, f"/dicom-web/workitems?2.999.23.{number}", JSON, step.to_json().encode()) == 201
    path = "/dicom-web/workitems?00404021.00081199.00081155=1.2.99999"
    return at_once(40, lambda n: status_of(urllib.request.Request(server.url + path))), {200, 503}


def structures_that_are_searched(server, _held):
    """Three of 40 MB of contours, by six who search by what none of them has, and six who want the contours."""
    contour = element(0x3006, 0x0050, "DS", b"1\\" * 30_000 + b"1 ")
    contours = element(0x3006, 0x0039, "SQ", item(element(0x3006, 0x0040, "SQ", item(contour) * 650)))
    for number in range(3):
        data_set = image(f"2.999.24.1.{number}", b"", after=contours, study="2.999.24")
        assert send(server, EXPLICIT, data_set) == "0000", number

    def search(_):
        path = "/dicom-web/studies/2.999.24/instances?PatientComments=zz*"
        return status_of(urllib.request.Request(server.url + path))

    def find(_):
        query = Dataset()
        query.QueryRetrieveLevel, query.StudyInstanceUID, query.SeriesInstanceUID = "IMAGE", "2.999.24", "2.999.24.1"
        query.ROIContourSequence, query.SOPInstanceUID = [], ""
        association = with_steps(server, STUDY_FIND)
        statuses = [status.Status for status, _ in association.send_c_find(query, STUDY_FIND)]
        association.release()
        return statuses[-1]
    return at_once(6, search) + at_once(6, find), {200, 0}


def asks_and_reads_nothing(server, held, query, sop_class=STUDY_FIND, command_field=0x20, taking=None):
    """A C-FIND or C-GET (of objects of a class) by hand: a client's library would read on by itself."""
    def pdu(kind, value):
        return struct.pack(">BBI", kind, 0, len(value)) + value

    def command(number, value):
        return struct.pack("<HHI", 0, number, len(value)) + value
    uid = sop_class.encode()
    contexts = part(0x20, b"\1\0\0\0" + part(0x30, uid) + part(0x40, IMPLICIT))
    roles = b""
    if taking:
        contexts += part(0x20, b"\3\0\0\0" + part(0x30, taking.encode()) + part(0x40, IMPLICIT))
        roles = part(0x54, struct.pack(">H", len(taking)) + taking.encode() + b"\0\1")
    titles = b"LUCERNA".ljust(16) + b"IDLE".ljust(16) + bytes(32)
    request = pdu(1, b"\0\1\0\0" + titles + part(0x10, b"1.2.840.10008.3.1.1.1") + contexts + part(
        0x50, part(0x51, struct.pack(">I", 16384)) + part(0x52, b"2.999") + roles))
    words = (command(2, uid + b"\0" * (len(uid) % 2)) + command(0x100, us(command_field)) + command(0x110, us(1)) + command(0x700, us(0)) +
             command(0x800, us(1)))
    message = b"".join(pdu(4, struct.pack(">IBB", len(bytes_) + 2, 1, kind) + bytes_) for kind, bytes_ in (
        (3, command(0, struct.pack("<I", len(words))) + words), (2, encode(query, True, True))))
    one = held.enter_context(contextlib.closing(socket.socket()))
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    one.settimeout(PATIENCE)
    one.connect(("127.0.0.1", int(server.dicom_port)))
    one.sendall(request)
    assert one.recv(1) == b"\2", "no association"
    one.sendall(message)


def finders_that_read_nothing(server, held):
    """12, who ask for megabytes of text of a structure of 40 MB; others search in that meanwhile."""
    texts = (0x00324000, 0x00384000, 0x00400280, 0x00401400, 0x00402400, 0x0040A160)
    text = b"".join(element(tag >> 16, tag & 0xFFFF, "UT", "x" * 900_000) for tag in texts)
    contour = element(0x3006, 0x0050, "DS", b"1\\" * 30_000 + b"1 ")
    contours = element(0x3006, 0x0039, "SQ", item(element(0x3006, 0x0040, "SQ", item(contour) * 650)))
    data_set = image("2.999.26.1.1", b"", after=text + contours, study="2.999.26")
    assert send(server, EXPLICIT, data_set) == "0000"
    query = Dataset()
    query.QueryRetrieveLevel, query.StudyInstanceUID, query.SeriesInstanceUID = "IMAGE", "2.999.26", "2.999.26.1"
    query.SOPInstanceUID = ""
    for tag in texts:
        query.add_new(tag, "UT", "")
    for _ in range(12):
        asks_and_reads_nothing(server, held, query)
    time.sleep(2)
    path = "/dicom-web/studies/2.999.26/instances?PatientComments=zz*"
    begun = time.monotonic()
    statuses = [status_of(urllib.request.Request(server.url + path)) for _ in range(3)]
    assert time.monotonic() - begun < STALLED_OTHERS, "they keep the memory of others"
    return statuses, {200}


def connections_that_rest(server, held):
    for _ in range(MOST_CONNECTIONS + 6):
        held.connect(place(server), b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")


def uploads_that_stop(server, held):
    """More than there are places for connections."""
    head = (b"POST /dicom-web/studies HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n"
            b'Content-Type: multipart/related; type="application/dicom"; boundary=b\r\n\r\n--b\r\n')
    for _ in range(MOST_CONNECTIONS + 6):
        held.connect(place(server), head)


def event_streams(server, held):
    """More than there are places for connections, and nobody ends one; each that is ended comes again."""
    head = b"GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n"
    return served_beside(server, [Drip(server, held, head) for _ in range(MOST_CONNECTIONS + 6)]), {200}


def uploads_that_trickle(server, held):
    """More than there are places for connections, five bytes a second each; each that is ended comes again."""
    head = (b"POST /dicom-web/studies HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n"
            b'Content-Type: multipart/related; type="application/dicom"; boundary=b\r\n\r\n--b\r\n')
    return served_beside(server, [Drip(server, held, head, b" ") for _ in range(MOST_CONNECTIONS + 6)]), {200}


class Drip:
    """A connection of which something comes now and then; another one where it was ended."""

    def __init__(self, server, held, head, drop=b""):
        self.address, self.head, self.drop = place(server), head, drop
        self.begin()
        held.callback(lambda: self.one.close())

    def begin(self):
        self.one = socket.create_connection(self.address, PATIENCE)
        self.one.setblocking(False)
        with contextlib.suppress(OSError):
            self.one.send(self.head)

    def go_on(self):
        try:
            self.one.send(self.drop)
            if self.one.recv(4096):
                return
        except BlockingIOError:
            return
        except OSError:
            pass
        self.one.close()
        with contextlib.suppress(OSError):
            self.begin()


def served_beside(server, crowd):
    """The statuses, but for 503, of pages that are asked for while the crowd is there, after a few seconds."""
    stop = threading.Event()

    def drip():
        while not stop.wait(0.2):
            for one in crowd:
                one.go_on()
    dripping = threading.Thread(target=drip, daemon=True)
    dripping.start()
    time.sleep(7)
    statuses, begun = [], time.monotonic()

    def page():
        try:
            statuses.append(status_of(urllib.request.Request(server.url + "/health")))
        except OSError:  # nobody was at the door
            statuses.append(503)
        return statuses[-1] != 503
    try:
        for _ in range(10):
            wait_for(page, "an answer over HTTP")
            time.sleep(0.3)
    finally:
        stop.set()
        dripping.join()
    assert time.monotonic() - begun < 3 + STALLED_OTHERS, "the others waited"
    assert statuses.count(200) >= len(statuses) // 2, f"the door is shut: {statuses}"
    return set(statuses) - {503}


def chunks_that_do_not_end(server, held):
    """Behind large heads: extensions of a chunk, and fields behind the last one, without end."""
    pad = b"".join(b"X-A%d: " % n + b"y" * 7500 + b"\r\n" for n in range(4))
    head = (b"POST /fhir/ServiceRequest HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/fhir+json\r\n" + pad +
            b"Transfer-Encoding: chunked\r\n\r\n")
    ends = (b"ffff\r\n" + b"x" * 65_535 + b"\r\n5;" + b"a" * 95_000, b"2\r\n{}\r\n0\r\nA: " + b"a" * 95_000)
    for number in range(1000):
        held.connect(place(server), head + ends[number % 2])


def hl7_connections_that_say_nothing(server, held):
    for _ in range(16):
        held.connect(("127.0.0.1", server.hl7_port), b"\r")
    return [converse(server.hl7_port, framed(HEADER % b"9" + PATIENT + order(9)))], {"AA"}


def hl7_messages_that_trickle(server, _held):
    """On every connection, a byte in 0.8 s, anew where one is ended; others come after seven seconds."""
    stop = threading.Event()

    def trickle():
        while not stop.is_set():
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", server.hl7_port), 5) as one:
                one.settimeout(0.8)
                one.sendall(b"\x0b" + HEADER % b"7")
                while not stop.is_set():
                    one.sendall(b"N")
                    with contextlib.suppress(TimeoutError):
                        if not one.recv(1):
                            break
            stop.wait(0.05)
    crowd = [threading.Thread(target=trickle, daemon=True) for _ in range(16)]
    for one in crowd:
        one.start()
    time.sleep(7)
    begun, answers = time.monotonic(), []
    try:
        for number in range(10):
            answers.append(converse(server.hl7_port, framed(HEADER % b"9" + PATIENT + order(number))))
            time.sleep(0.5)
    finally:
        stop.set()
    # As who connects again does.
    assert answers.count("AA") >= 5, f"the door is shut: {answers}"
    assert time.monotonic() - begun < 5 + STALLED_OTHERS, "the others waited"
    return set(answers) & {"AA"}, {"AA"}


def associations_that_never_begin(server, held):
    for _ in range(MOST_ASSOCIATIONS):
        held.connect(("127.0.0.1", int(server.dicom_port)))


def part(kind, value):
    return struct.pack(">BBH", kind, 0, len(value)) + value


def association_request(contexts, *user_information):
    body = (b"\0\1\0\0" + b"LUCERNA".ljust(16) + b"CROWD".ljust(16) + bytes(32) +
            part(0x10, b"1.2.840.10008.3.1.1.1") +
            b"".join(part(0x20, bytes([2 * number + 1, 0, 0, 0]) + part(0x30, STUDY_FIND.encode()) +
                          part(0x40, IMPLICIT)) for number in range(contexts)) +
            part(0x50, part(0x51, struct.pack(">I", 16384)) + part(0x52, b"2.999")) +
            b"".join(part(0x50, information) for information in user_information))
    return struct.pack(">BBI", 1, 0, len(body)) + body


def small_items_of_associations(server, held):
    """As many as fit into a request, whose last bytes come at once."""
    items = part(0x56, b"\0\1" + b"1") * (65_500 // 7)
    request = association_request(1, items, items, items)
    lines = [held.connect(("127.0.0.1", int(server.dicom_port)), request[:-1]) for _ in range(MOST_ASSOCIATIONS)]
    for line in lines:
        with contextlib.suppress(OSError):
            line.sendall(request[-1:])
    time.sleep(1)
    # Those that are associations rest now, and others of their address wait until they have for long.
    for line in lines:
        line.close()


def long_negotiation_of_associations(server, held):
    """Of the class of each of 128 contexts, by as many as there is room for beside who comes later."""
    uid = STUDY_FIND.encode()
    request = association_request(128, part(0x56, struct.pack(">H", len(uid)) + uid + b"\1" * 60_000))
    established = 0
    for _ in range(MOST_ASSOCIATIONS):
        line = held.connect(("127.0.0.1", int(server.dicom_port)), request)
        line.settimeout(PATIENCE)
        # Those of the crowd before may not have ended yet, and who is turned away may hear nothing of it.
        with contextlib.suppress(OSError):
            established += line.recv(1) == b"\2"
        if established == MOST_ASSOCIATIONS // 4:
            return
    raise AssertionError(f"{established} associations alone")


CROWDS = (heads, whole_heads, brackets_for_work_items, items_for_metadata, brackets_for_orders,
          metadata_that_stop, channels_that_nobody_reads, large_values, a_list_for_a_study, lists_to_find,
          lists_on_many_associations, work_items_that_grow, hl7_messages, orders_of_one_number,
          hl7_connections_that_say_nothing,
          hl7_messages_that_trickle,
          steps_of_many, steps_that_are_read, objects_to_commit, filters_that_are_deep,
          work_items_that_are_searched, structures_that_are_searched, finders_that_read_nothing,
          connections_that_rest, uploads_that_stop, event_streams, uploads_that_trickle,
          chunks_that_do_not_end, associations_that_never_begin, small_items_of_associations,
          long_negotiation_of_associations)


def echo(server):
    """By DCMTK: pynetdicom asks select(), which knows no socket beyond a thousand."""
    return subprocess.run(["echoscu", "-to", "30", "-aec", "LUCERNA", "127.0.0.1", server.dicom_port],
                          capture_output=True, check=False).returncode == 0


def others_are_served(server):
    """How long it took, in seconds, until a page and an echo were answered."""
    begun = time.monotonic()

    def page():
        try:
            return status_of(urllib.request.Request(server.url + "/health")) == 200
        except OSError:
            return False
    wait_for(page, "an answer over HTTP")
    wait_for(lambda: echo(server), "an answer to an echo")
    return time.monotonic() - begun


def meet(crowd, server):
    """The problems."""
    assert good_one_is_taken(server)
    growth, begun, problems = Growth(server), time.monotonic(), []
    with Held() as held:
        statuses, fitting = crowd(server, held) or ([], set())
        seconds = time.monotonic() - begun
        waited = others_are_served(server)
        peak = growth.peak()
    print(f"{peak >> 10:4} MB {seconds:7.2f} s, others after {waited:5.2f} s  {crowd.__name__.replace('_', ' ')}: "
          f"{', '.join(sorted(set(map(str, statuses))))}", flush=True)
    if server.process.poll() is not None:
        return ["the server ended"]
    problems += [f"answered {status}" for status in set(statuses) - fitting]
    if peak > MOST_GROWTH_KIB + getattr(crowd, "budgets_kib", 0):
        problems.append(f"{peak >> 10} MB of growth")
    if waited > STALLED_OTHERS:
        problems.append(f"others were answered after {waited:.0f} s")
    if not good_one_is_taken(server):
        problems.append("no good object is taken after it")
    return problems


def meet_each(crowds, *options):
    """Of those whose names have in them what the program was told, or of all: its status. `options` are the
    servers'."""
    wanted, problems = sys.argv[1] if len(sys.argv) > 1 else "", []
    for crowd in crowds:
        if wanted not in crowd.__name__:
            continue
        folder = tempfile.mkdtemp(prefix="lucerna-crowds-")
        hl7_port = free_port()
        server = Server(pathlib.Path(folder) / "data", "--set", "quiet_seconds=86400", "--set",
                        f"hl7.listen=127.0.0.1:{hl7_port}", *options)
        server.hl7_port = hl7_port
        try:
            problems += [f"{crowd.__name__}: {problem}" for problem in meet(crowd, server)]
        finally:
            if server.process.poll() is None:
                server.end(signal.SIGKILL)
            shutil.rmtree(folder, ignore_errors=True)
    print("\n".join(problems) or "no crowd kept others out")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(meet_each(CROWDS))
