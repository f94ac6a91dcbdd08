#!/usr/bin/env python3
"""Sends a running `lucerna serve` objects whose values are as large as they may be, and asks for them:
texts of tens of megabytes, contours, documents; one at once, a few at once, or by who reads nothing.

    LUCERNA_BIN=... PYTHONPATH=.deps/python:tests/e2e:tests/fault tests/fault/large_values.py [NAME]

A new server for each. It does not grow by more than 100 MB, and takes and answers others meanwhile and after.
"""
import http.client
import os
import queue
import struct
import sys
import tempfile
import time
import urllib.error
import urllib.request

from pydicom.dataset import Dataset
from pynetdicom import AE, evt
from pynetdicom.sop_class import StorageCommitmentPushModel as COMMITMENT

from hostile_crowds import (C_STORE_SECONDS, JSON, STUDY_GET, XML, asks_and_reads_nothing, meet_each, place, post)
from hostile_senders import (CAPTURE, EXPLICIT, RLE, UNDEFINED, at_once, element, encapsulated, image, item, native, part10, send, stow, us)
from slow_associations import association, fragment, receive, store_request
from slow_readers import noise
from subscriptions import workitem
from whole_program import PATIENCE

IN_IMPLICIT = 'multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2'
BROKEN_OFF = "broken off"
IN_DEFLATED, IN_BIG_ENDIAN = (IN_IMPLICIT + tail for tail in (".1.99", ".2"))
STL_CLASS = "1.2.840.10008.5.1.4.1.1.104.3"
# Of a data set, in one PDU.
PIECE = 16_000
PDF_CLASS = "1.2.840.10008.5.1.4.1.1.104.1"


def get(server, path, accept):
    """The status, or that one of several objects could not be given after others; what comes is read in
    pieces and forgotten."""
    request = urllib.request.Request(server.url + path, headers={"Accept": accept})
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            while answer.read(1 << 20):
                pass
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
    except http.client.IncompleteRead:
        return BROKEN_OFF


def where(study, number=1):
    return f"/dicom-web/studies/{study}/series/{study}.1/instances/{study}.1.{number}"


def contours(value=b"1\\", values=30_000, count=650):
    """Of radiotherapy: some 40 MB."""
    contour = element(0x3006, 0x0050, "DS", value * values + b"1 ")
    return element(0x3006, 0x0039, "SQ", item(element(0x3006, 0x0040, "SQ", item(contour) * count)))


def sent(server, study, number, data_set):
    begun = time.monotonic()
    status = send(server, EXPLICIT, data_set)
    seconds = time.monotonic() - begun
    assert seconds < C_STORE_SECONDS, f"answered {status} after {seconds:.1f} s"
    return status


def seconds_of_disk(size):
    """That writing so much takes here, to the device."""
    block, begun = bytes(1 << 20), time.monotonic()
    with tempfile.TemporaryFile() as file:
        for _ in range(size >> 20):
            file.write(block)
        file.flush()
        os.fsync(file.fileno())
    return time.monotonic() - begun


def answered_in_time(server, uid, data_set):
    """That a large object is taken, and said to be within C_STORE_SECONDS once all of it has come, beside what
    the device takes for as much."""
    with association(server, CAPTURE) as one:
        one.sendall(store_request(uid))
        for begin in range(0, len(data_set), PIECE):
            one.sendall(fragment(data_set[begin:begin + PIECE], 2 if begin + PIECE >= len(data_set) else 0))
        begun = time.monotonic()
        body = receive(one, struct.unpack(">I", receive(one, 6)[2:])[0])
        seconds = time.monotonic() - begun
    assert struct.pack("<HHI", 0, 0x900, 2) + us(0) in body, "it is not taken"
    assert seconds < C_STORE_SECONDS + seconds_of_disk(len(data_set)), f"answered after {seconds:.1f} s"
    return True


def a_large_text(server, _held):
    """Of 60 MB, none of it ASCII, before what says whose it is and behind it."""
    text = element(0x0010, 0x4000, "UT", b"\xe4" * 60_000_000)
    before = element(0x0008, 0x0005, "CS", "ISO_IR 100") + image("2.999.30.1.1", native(), before=text, study="2.999.30")
    after = element(0x0008, 0x0005, "CS", "ISO_IR 100") + image("2.999.30.1.2", native(), after=element(
        0x7FE1, 0x1001, "UT", b"\xe4" * 60_000_000), study="2.999.30")
    return [sent(server, "2.999.30", 1, before), sent(server, "2.999.30", 2, after)], {"0000", "C000"}


def large_texts(server, _held):
    """As long as they may be: in Latin-1, and in ASCII behind the pixels."""
    for number, (text, behind) in enumerate((
            (element(0x0032, 0x4000, "UT", b"\xe4" * 3_000_000), b""),
            (b"", element(0x7FE1, 0x1001, "UT", b"x" * 40_000_000))), 1):
        assert sent(server, "2.999.31", number, element(0x0008, 0x0005, "CS", "ISO_IR 100") + image(
            f"2.999.31.1.{number}", native(), before=text, after=behind, study="2.999.31")) == "0000"
    statuses = []
    for number, bulk in ((1, "00324000"), (2, "7FE11001")):
        path = where("2.999.31", number)
        for tail, kind in (("/metadata", JSON), ("/metadata", f'multipart/related; type="{XML}"'),
                           ("/rendered", "image/jpeg"), ("/bulkdata/" + bulk, "*/*"), ("", IN_IMPLICIT)):
            statuses += at_once(2, lambda _: get(server, path + tail, kind))
    return statuses, {200, 503}


def structures_whose_metadata_are_asked_for(server, _held):
    """Four of 40 MB of contours: by six, as JSON and with all of it in a search."""
    kinds = (contours(), contours(b"-123.456789\\", 5_000), contours(b"1\\", 200, 50_000), contours(b"1.5\\", 15, 200_000))
    for number, kind in enumerate(kinds, 1):
        assert send(server, EXPLICIT, image(f"2.999.32.1.{number}", b"", after=kind, study="2.999.32")) == "0000", number
    paths = ("/dicom-web/studies/2.999.32/metadata", *(where("2.999.32", number) + "/metadata" for number in range(1, 5)),
             "/dicom-web/studies/2.999.32/instances?includefield=all")
    return [status for path in paths for status in at_once(6, lambda _: get(server, path, JSON))], {200, 501, 503, BROKEN_OFF}


def structures_that_are_converted(server, held):
    """Of 40 MB, for 24 who read nothing of them by C-GET in another transfer syntax."""
    for number in range(1, 4):
        assert sent(server, "2.999.33", number, image(f"2.999.33.1.{number}", b"", after=contours(),
                                                      study="2.999.33")) == "0000"
    query = Dataset()
    query.QueryRetrieveLevel, query.StudyInstanceUID = "STUDY", "2.999.33"
    for _ in range(24):
        asks_and_reads_nothing(server, held, query, sop_class=STUDY_GET, command_field=0x10, taking=CAPTURE)
    time.sleep(10)


def a_value_of_two_hundred_megabytes(server, _held):
    value = element(0x0042, 0x0011, "OB", bytes(200_000_000)) + element(0x0042, 0x0012, "LO", "application/pdf")
    before = image("2.999.34.1.1", b"", sop_class=PDF_CLASS, after=value, study="2.999.34")
    assert send(server, EXPLICIT, before, PDF_CLASS) == "0000"
    path = where("2.999.34")
    return [status for tail, kind in (
        ("/metadata", JSON), ("/metadata", f'multipart/related; type="{XML}"'), ("/rendered", "application/pdf"),
        ("/rendered", "*/*"), ("/bulkdata/00420011", "*/*"), ("/bulkdata", "*/*"),
        ("", 'multipart/related; type="application/dicom"'), ("", IN_IMPLICIT))
        for status in at_once(4, lambda _: get(server, path + tail, kind))], {200, 503}


def what_has_no_pixels(server, _held):
    """Nor says where frames lie: it is not read as a whole, to be written anew or for nothing."""
    value = element(0x0042, 0x0011, "OB", bytes(200_000_000))
    assert send(server, EXPLICIT, image("2.999.44.1.1", b"", sop_class=STL_CLASS, after=value, study="2.999.44"),
                STL_CLASS) == "0000"
    floats = element(0x7FE0, 0x0008, "OF", bytes(100_000_000))
    assert send(server, EXPLICIT, image("2.999.44.1.2", b"", after=floats, study="2.999.44")) == "0000"
    return [status for number in (1, 2) for tail, kind in (
        ("", IN_DEFLATED), ("", IN_BIG_ENDIAN), ("/frames/1", "*/*"), ("/frames/1,2", "*/*"), ("/rendered", "image/jpeg"),
        ("/thumbnail", "image/jpeg"), ("/frames/1/rendered", "image/jpeg"))
            for status in at_once(3, lambda _: get(server, where("2.999.44", number) + tail, kind))], {404, 406, 501}


def an_image_beside_large_values(server, _held):
    """Before its pixels and behind them, uncompressed and compressed: its picture and frames are asked for."""
    mine = element(0x0009, 0x0010, "LO", "MINE") + element(0x0009, 0x1001, "OB", bytes(150_000_000))
    behind = element(0x7FE1, 0x0010, "LO", "MINE") + element(0x7FE1, 0x1001, "OB", bytes(150_000_000))
    assert answered_in_time(server, "2.999.42.1.1",
                            image("2.999.42.1.1", native(), study="2.999.42", before=mine, after=behind))
    frame = encapsulated(struct.pack("<16I", 1, 64, *[0] * 14) + b"\x07" + bytes(8) + b"\xc9\x01" + b"\xff\0" * 4)
    assert send(server, RLE, image("2.999.42.1.2", frame, study="2.999.42", before=mine, after=behind)) == "0000"
    return [status for number in (1, 2) for tail, kind in (("/frames/1", "*/*"), ("/rendered", "image/jpeg"), (
        "/thumbnail", "image/jpeg")) for status in at_once(6, lambda _: get(
            server, where("2.999.42", number) + tail, kind))], {200, 406, 503}


def texts_that_are_searched(server, _held):
    """Of 9 MB, by 24 who want them."""
    text = element(0x0010, 0x4000, "UT", "x" * 9_000_000)
    for number in range(1, 4):
        assert sent(server, "2.999.35", number, image(f"2.999.35.1.{number}", native(), after=text.replace(
            b"\x10\0\0\x40", b"\x32\0\0\x40"), study="2.999.35")) == "0000"
    path = "/dicom-web/studies/2.999.35/instances?includefield=00324000"
    return at_once(24, lambda _: get(server, path, JSON)), {200, 503}


def requests_to_commit_that_are_long(server, held):
    """Of 10,000 objects each, on six associations that do not answer the reports."""
    assert send(server, EXPLICIT, image("2.999.36.1.1", native(), study="2.999.36")) == "0000"

    def ask(number):
        reports = queue.Queue()
        ae = AE(ae_title=f"COMMIT{number}")
        ae.add_requested_context(COMMITMENT, [EXPLICIT])
        ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = PATIENCE
        association = ae.associate("127.0.0.1", int(server.dicom_port), ae_title="LUCERNA", evt_handlers=[
            (evt.EVT_N_EVENT_REPORT, lambda event: (reports.put(event.event_type), time.sleep(20), (0, None))[2])])
        held.callback(association.abort)
        request, item_ = Dataset(), Dataset()
        request.TransactionUID = f"2.999.36.2.{number}"
        item_.ReferencedSOPClassUID, item_.ReferencedSOPInstanceUID = CAPTURE, "2.999.36.1.1"
        request.ReferencedSOPSequence = [item_] * 10_000
        status, _ = association.send_n_action(request, 1, COMMITMENT, "1.2.840.10008.1.20.1.1")
        reports.get(timeout=PATIENCE)
        return status.Status
    return at_once(6, ask), {0, 0x0213}


def tables_of_offsets(server, _held):
    """Of tens of megabytes, for two frames in three fragments; twelve ask for one of those."""
    frame = item(struct.pack("<16I", 1, 64, *[0] * 14) + bytes(600))
    table = item(bytes(40_000_000))
    pixels = element(0x7FE0, 0x10, "OB", table + frame * 3 + struct.pack("<HHI", 0xFFFE, 0xE0DD, 0), UNDEFINED)
    assert send(server, RLE, image("2.999.37.1.1", pixels, study="2.999.37", frames="2")) == "0000"
    path = where("2.999.37")
    return [status for tail, kind in (("/frames/1", "*/*"), ("/rendered", "image/jpeg"), ("/thumbnail", "image/jpeg"))
            for status in at_once(12, lambda _: get(server, path + tail, kind))], {409, 503}


def an_image_of_many_frames(server, _held):
    """160 of a megabyte, compressed: twelve ask for one each, for pictures, and for another transfer syntax."""
    frames = [noise(1024, 1024)[:-1] + bytes([number]) for number in range(160)]
    pixels = element(0x7FE0, 0x10, "OB", item(b"") + b"".join(map(item, frames)) + struct.pack("<HHI", 0xFFFE, 0xE0DD, 0),
                     UNDEFINED)
    rows = element(0x28, 0x10, "US", struct.pack("<H", 1024))
    assert send(server, RLE, image("2.999.41.1.1", pixels, study="2.999.41", rows=rows, columns=1024, frames="160")) == "0000"
    path = where("2.999.41")
    address = server.url + path + "/frames/7"
    with urllib.request.urlopen(urllib.request.Request(address, headers={
            "Accept": f'multipart/related; type="application/octet-stream"; transfer-syntax={RLE}'})) as answer:
        assert frames[6] in answer.read(), "another frame came"
    return [status for tail, kind in (("/frames/%d", "application/octet-stream"), ("/frames/%d/rendered", "image/jpeg"))
            for status in at_once(12, lambda n: get(server, path + tail % (n * 13 + 1), kind))] + [
                get(server, path, IN_IMPLICIT)], {200, 503}


def many_are_found(server, held):
    """Two thousand small ones, by 60 who read all and 200 who read nothing."""
    parts = [image(f"2.999.38.1.{n}", native(), study="2.999.38") for n in range(2000)]
    for begin in range(0, len(parts), 500):
        assert stow(server, *(part10(EXPLICIT, one) for one in parts[begin:begin + 500])) == 200
    path = "/dicom-web/instances?limit=2000"
    statuses = at_once(60, lambda _: get(server, path, JSON))
    head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: {JSON}\r\n\r\n".encode()
    for _ in range(200):
        held.connect(place(server), head)
    time.sleep(5)
    return statuses, {200, 503}


def work_items_that_are_large(server, _held):
    """Two of almost four megabytes, which 40 want alone and in a search, in both forms."""
    for number in range(2):
        uid = f"2.999.39.{number}"
        assert post(server, f"/dicom-web/workitems?{uid}", JSON, workitem().to_json().encode()) == 201
        for step in range(4):
            text = b'{"%08X":{"vr":"UT","Value":["%b"]}}' % (0x00751000 + 2 * step, b"x" * 900_000)
            assert post(server, f"/dicom-web/workitems/{uid}", JSON, text) == 200, step
    return [status for path, kind in (("/2.999.39.0", JSON), ("/2.999.39.0", XML), ("?limit=100", JSON), (
        "?limit=100", f'multipart/related; type="{XML}"'))
            for status in at_once(40, lambda _: get(server, "/dicom-web/workitems" + path, kind))], {200, 503}


CROWDS = (tables_of_offsets, an_image_of_many_frames, many_are_found, work_items_that_are_large, a_large_text, large_texts, structures_whose_metadata_are_asked_for,
          structures_that_are_converted, a_value_of_two_hundred_megabytes, what_has_no_pixels, an_image_beside_large_values, texts_that_are_searched,
          requests_to_commit_that_are_long)

if __name__ == "__main__":
    sys.exit(meet_each(CROWDS))
