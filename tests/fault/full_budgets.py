#!/usr/bin/env python3
"""Fills everything at once that a running `lucerna serve` holds for others: clients that ask over HTTP, in
every way, and take nothing; C-GET that is not answered; uploads and C-STORE that stop in the middle. Once a
second somebody stores an object.

    LUCERNA_BIN=... PYTHONPATH=.deps/python:tests/e2e:tests/fault tests/fault/full_budgets.py

The server grows by no more than its budgets together (docs/architecture.md, Memory) and 100 MB, what is
stored is taken, and whoever asks when all of them are gone is answered. Prints how far it grew, and how long
the slowest answer to a C-STORE took.
"""
import io
import multiprocessing
import pathlib
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
import urllib.parse

from pydicom.dataset import Dataset
from pynetdicom import AE, build_role, evt
from pynetdicom.dimse_messages import C_STORE_RQ
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.pdu import P_DATA_TF

from hostile_pictures import WHOLE, Attack, picture, resource, rle
from hostile_senders import CAPTURE, EXPLICIT, MOST_GROWTH_KIB, RLE, Growth, element, image, native, part10, send
from slow_readers import DECODING_MIB, OCTETS, IdleReader, noise
from whole_program import PATIENCE, Server

STUDY_GET = "1.2.840.10008.5.1.4.1.2.2.3"
READERS, GETS, UPLOADS, SENDERS = 20, 8, 6, 8
SECONDS = 20
# As docs/architecture.md has them: decoding and intake as set, frames of large files, what is sent at once, kept files,
# conversions, answers, data sets of many elements.
INTAKE_MIB = 88
BUDGETS_KIB = (DECODING_MIB + DECODING_MIB // 4 + INTAKE_MIB + 40 + 64 + 64 + 32 + 40) << 10


def out_of_order(number, size=16_000_000):
    """Its pixels come before what says whose it is: all of it has to be held."""
    rest = image(f"2.999.12.1.{number}", b"", study="2.999.12")
    uids = rest.index(element(0x08, 0x60, "CS", "OT"))
    return rest[:uids] + native(size) + rest[uids:]


def asked():
    """Path and Accept, of each kind."""
    frames = resource(2) + "/frames/" + ",".join(str(n + 1) for n in range(12))
    return [(resource(3), WHOLE + "; transfer-syntax=*"), (resource(3), f"{WHOLE}; transfer-syntax={EXPLICIT}"),
            (resource(3) + "/rendered", "image/jpeg"), (resource(1) + "/frames/1", OCTETS),
            (frames, f"{OCTETS}; transfer-syntax={RLE}"), (resource(2) + "/bulkdata", "*/*"),
            ("/dicom-web/studies/2.999.8.2/metadata", "application/dicom+json")]


class Silent:
    """Asks by C-GET, and does not answer what it gets."""

    def __init__(self, server, end):
        self.ae = AE(ae_title="SILENT")
        self.ae.add_requested_context(STUDY_GET, EXPLICIT)
        self.ae.add_requested_context(CAPTURE, RLE)
        self.ae.acse_timeout = self.ae.dimse_timeout = self.ae.network_timeout = PATIENCE

        def keep_silent(_):
            end.wait(PATIENCE)
            return 0xA700
        self.association = self.ae.associate(
            "127.0.0.1", int(server.dicom_port), ae_title="LUCERNA", ext_neg=[build_role(CAPTURE, scp_role=True)],
            evt_handlers=[(evt.EVT_C_STORE, keep_silent)])
        self.thread = threading.Thread(target=self.get, daemon=True)
        self.thread.start()

    def get(self):
        wanted = Dataset()
        wanted.QueryRetrieveLevel, wanted.StudyInstanceUID = "STUDY", "2.999.8.2"
        for _ in self.association.send_c_get(wanted, STUDY_GET):
            pass


def half_an_upload(server, number):
    """Its socket."""
    address = urllib.parse.urlsplit(server.url)
    body = b"--b\r\nContent-Type: application/dicom\r\n\r\n" + part10(EXPLICIT, out_of_order(number))
    one = socket.create_connection((address.hostname, address.port), PATIENCE)
    one.sendall((f"POST /dicom-web/studies HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Length: {len(body) + 9}\r\n"
                 'Content-Type: multipart/related; type="application/dicom"; boundary=b\r\n\r\n').encode())
    one.settimeout(5)
    try:
        one.sendall(body[:-4_000_000])
    except OSError:
        pass  # refused, or not taken any further
    return one


def half_an_object(server, number, data_set=None):
    """Its association, after three quarters of it."""
    ae = AE(ae_title="STALLING")
    ae.add_requested_context(CAPTURE, EXPLICIT)
    association = ae.associate("127.0.0.1", int(server.dicom_port), ae_title="LUCERNA")
    if not association.is_established:
        return None
    request = C_STORE()
    request.MessageID, request.Priority = 1, 0
    request.AffectedSOPClassUID, request.AffectedSOPInstanceUID = CAPTURE, f"2.999.12.1.{number}"
    request.DataSet = io.BytesIO(data_set or out_of_order(number))
    message = C_STORE_RQ()
    message.primitive_to_message(request)
    pieces = list(message.encode_msg(association.accepted_contexts[0].context_id, 16000))
    wire = association.dul.socket.socket
    wire.settimeout(5)
    try:
        for piece in pieces[:len(pieces) * 3 // 4]:
            pdu = P_DATA_TF()
            pdu.from_primitive(piece)
            wire.sendall(pdu.encode())
    except OSError:
        pass
    return association


def store_each_second(server, end, told):
    """In a process of its own, which waits for none of the others here. Tells of each its status, and how long
    the answer took."""
    taken = []
    while not end.wait(1):
        begun = time.monotonic()
        status = send(server, EXPLICIT, image(f"2.999.13.1.{len(taken)}", native(), study="2.999.13"))
        taken.append((status, time.monotonic() - begun))
    told.send(taken)


def fill(server):
    """All of it. The problems."""
    attack, problems = Attack(server, ""), []
    for number, data_set in ((1, picture(1, rle(3000, 4000, 16), 3000, 4000, 16)),
                             (2, picture(2, noise(1024, 2048), 1024, 2048, 8, frames=12)),
                             (3, picture(3, noise(2048, 2048), 2048, 2048, 8))):
        assert attack.store(RLE, data_set) == "0000", number
    processes = multiprocessing.get_context("fork")
    end, (told, telling) = processes.Event(), processes.Pipe(False)
    growth = Growth(server)
    honest = processes.Process(target=store_each_second, args=(server, end, telling))
    honest.start()
    telling.close()  # so that its end is seen if it ends without a word
    others, threads = [], []

    def begin(make, *arguments):
        threads.append(threading.Thread(target=lambda: others.append(make(*arguments)), daemon=True))
        threads[-1].start()
    for number in range(max(GETS, UPLOADS, SENDERS)):
        if number < GETS:
            begin(Silent, server, end)
        if number < UPLOADS:
            begin(half_an_upload, server, number)
        if number < SENDERS:
            begin(half_an_object, server, 100 + number)
    readers = [IdleReader(server.url, path, accept) for _ in range(READERS) for path, accept in asked()]
    time.sleep(SECONDS)
    answered = sum(reader.is_answered() for reader in readers)
    peak = growth.peak()
    end.set()
    taken = told.recv()
    honest.join()
    for reader in readers:
        reader.socket.close()
    if server.process.poll() is not None:
        return ["the server ended"]
    print(f"{answered} of {len(readers)} idle readers were answered; {peak >> 10} MB of growth, of "
          f"{BUDGETS_KIB >> 10} that all budgets are; {len(taken)} objects stored meanwhile, the slowest in "
          f"{max(seconds for _, seconds in taken):.2f} s")
    problems += [f"an honest C-STORE was answered {status}" for status, _ in taken if status != "0000"]
    if peak > BUDGETS_KIB + MOST_GROWTH_KIB:
        problems.append(f"it grew by {peak >> 10} MB")
    for path, accept in asked():
        until = time.monotonic() + PATIENCE
        while (status := attack.get(path, accept)) == 503 and time.monotonic() < until:
            time.sleep(0.2)
        if status != 200:
            problems.append(f"{path} was answered {status} when all were gone")
    return problems


def main():
    folder = tempfile.mkdtemp(prefix="lucerna-full-budgets-")
    server = Server(pathlib.Path(folder) / "data", "--set", f"decoding_mib={DECODING_MIB}", "--set",
                    f"intake_mib={INTAKE_MIB}")
    try:
        problems = fill(server)
    finally:
        if server.process.poll() is None:
            server.end(signal.SIGKILL)
        shutil.rmtree(folder, ignore_errors=True)
    print("\n".join(problems) or "nothing gave way")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
