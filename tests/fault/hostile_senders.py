#!/usr/bin/env python3
"""Sends a running `lucerna serve` what nobody should send: data sets that lie, bombs, floods of
elements and of associations; by C-STORE, and the same as files by STOW-RS; metadata that are as bad; and HL7 by MLLP that is cut
off, without end, outside of frames, full of delimiters, and on more connections than there are places.

    LUCERNA_BIN=... PYTHONPATH=.deps/python:tests/e2e tests/fault/hostile_senders.py [NAME]

Each is answered, one way or the other; the server does not end, does not grow by more than 100 MB,
gives no error of its own (500) when what it took is looked at, and takes a good object after all of
it; of an HL7 message, a good order. Prints how long each answer took.
"""
import collections
import concurrent.futures
import gzip
import io
import itertools
import json
import pathlib
import random
import re
import shutil
import signal
import socket
import struct
import sys
import tempfile
import time
import urllib.error
import urllib.request
import zlib

from pydicom.dataset import Dataset
from pynetdicom import AE
from pynetdicom.dimse_primitives import C_STORE

from query_retrieve import free_port
from sealed_at_rest import instance
from whole_program import PATIENCE, Server

EXPLICIT, DEFLATED = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99"
JPEG, JPEG2000, RLE = "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.5"
CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
STUDY_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
MOST_GROWTH_KIB = 100 * 1024
# What is read of a large object before its header is known, twice over.
MOST_OF_REFUSED_KIB = 16 * 1024
LONG = ("OF", "OB", "OW", "SQ", "UN", "UT", "UC")
UNDEFINED = 0xFFFFFFFF


def element(group, number, vr, value=b"", length=None):
    """In explicit VR little endian; `length` may lie."""
    value = value.encode() if isinstance(value, str) else value
    if length is None:
        value += (b"\0" if vr in ("UI", "OB", "UN") else b" ") * (len(value) % 2)
        length = len(value)
    head = struct.pack("<HH", group, number) + vr.encode()
    return head + (struct.pack("<HI", 0, length) if vr in LONG else struct.pack("<H", length)) + value


def us(number):
    return struct.pack("<H", number)


def item(value, length=None):
    return struct.pack("<HHI", 0xFFFE, 0xE000, len(value) if length is None else length) + value


def image(uid, pixels, *, sop_class=CAPTURE, rows=element(0x28, 0x10, "US", us(8)), frames="", columns=8,
          name="Doe^Jane", before=b"", after=b"", study="2.999.7"):
    """A data set with pixel data `pixels`, an element."""
    return b"".join([
        element(0x08, 0x16, "UI", sop_class), element(0x08, 0x18, "UI", uid), element(0x08, 0x60, "CS", "OT"),
        before, element(0x10, 0x10, "PN", name), element(0x10, 0x20, "LO", "HOSTILE"),
        element(0x20, 0x0D, "UI", study), element(0x20, 0x0E, "UI", study + ".1"),
        element(0x28, 0x02, "US", us(1)), element(0x28, 0x04, "CS", "MONOCHROME2"),
        element(0x28, 0x08, "IS", frames) if frames else b"", rows, element(0x28, 0x11, "US", us(columns)),
        element(0x28, 0x100, "US", us(8)), element(0x28, 0x101, "US", us(8)), element(0x28, 0x102, "US", us(7)),
        element(0x28, 0x103, "US", us(0)), pixels, after])


def native(size=64):
    return element(0x7FE0, 0x10, "OB", bytes(size))


def encapsulated(*fragments):
    return element(0x7FE0, 0x10, "OB", item(b"") + b"".join(item(one) for one in fragments) +
                   struct.pack("<HHI", 0xFFFE, 0xE0DD, 0), UNDEFINED)


def jpeg_head(width, height, first=b"\xff\xe0\x00\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0"):
    return (b"\xff\xd8" + first + b"\xff\xc0\x00\x0b\x08" + struct.pack(">HH", height, width) +
            b"\x01\x01\x11\0\xff\xda\x00\x08\x01\x01\0\0\x3f\0" + bytes(40) + b"\xff\xd9")


def jpeg2000_head(width, height):
    size = struct.pack(">HIIIIIIIIH", 0, width, height, 0, 0, width, height, 0, 0, 1) + b"\x07\x01\x01"
    return b"\xff\x4f\xff\x51" + struct.pack(">H", len(size) + 2) + size + b"\xff\xd9"


def nested(depth, defined):
    value = b""
    for _ in range(depth):
        value = element(0x08, 0x1140, "SQ", item(value, None if defined else UNDEFINED),
                        None if defined else UNDEFINED)
    return value


def deflated(data):
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
    return squeeze.compress(data) + squeeze.flush()


def zeros_deflated(count):
    """One element of so many zeros, in a thousandth of the bytes."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
    parts = [squeeze.compress(image("2.999.7.1.90", b"") + element(0x7FE0, 0x10, "OB", b"", count))]
    parts += [squeeze.compress(bytes(1 << 20)) for _ in range(count >> 20)]
    return b"".join(parts) + squeeze.flush()


def mask_deflated(frames):
    """What a segmentation may well be: frames of a megabyte that deflate to a 280th."""
    frame = bytearray(1 << 20)
    spots = random.Random(1)
    for _ in range(1300):
        begin = spots.randrange(len(frame) - 300)
        frame[begin:begin + 300] = b"\1" * 300
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
    parts = [squeeze.compress(
        image("2.999.7.1.91", b"", rows=element(0x28, 0x10, "US", us(1024)), columns=1024, frames=str(frames)) +
        element(0x7FE0, 0x10, "OB", b"", frames << 20))]
    parts += [squeeze.compress(bytes(frame)) for _ in range(frames)]
    return b"".join(parts) + squeeze.flush()


def hostile():
    """Name, transfer syntax, data set. None for no data set at all."""
    def uid(number):
        return f"2.999.7.1.{number}"
    yield "ten thousand sequences in each other", EXPLICIT, image(uid(1), native(), before=nested(10000, False))
    yield "the same with lengths", EXPLICIT, image(uid(2), native(), before=nested(2000, True))
    yield "a sequence without an end", EXPLICIT, image(uid(3), b"") + element(0x7FE1, 0x1010, "SQ", item(b"", UNDEFINED), UNDEFINED)
    yield "a length beyond the end", EXPLICIT, image(uid(4), element(0x7FE0, 0x10, "OB", bytes(64), 0xFFFFFFF0))
    yield "Rows as a sequence", EXPLICIT, image(uid(5), native(), rows=element(0x28, 0x10, "SQ", item(b"")))
    yield "Rows as a text", EXPLICIT, image(uid(6), native(), rows=element(0x28, 0x10, "UT", "8" * 100000))
    yield "Rows of three bytes", EXPLICIT, image(uid(7), native(), rows=element(0x28, 0x10, "OB", b"\xff\xff\xff"))
    yield "65535 x 65535 pixels in 64 bytes", EXPLICIT, image(
        uid(8), native(), rows=element(0x28, 0x10, "US", us(65535)), columns=65535)
    yield "999999 frames", EXPLICIT, image(uid(9), native(), frames="999999")
    yield "a negative number of frames", EXPLICIT, image(uid(10), native(), frames="-2147483648")
    yield "ten thousand fragments", JPEG, image(uid(11), encapsulated(*[b"\xff\xd8"] * 10000))
    yield "a million empty fragments", JPEG, image(uid(12), encapsulated(*[b""] * 1000000))
    yield "a JPEG that says 65500 x 65500", JPEG, image(uid(13), encapsulated(jpeg_head(65500, 65500)))
    yield "a JPEG with a stray marker", JPEG, image(uid(14), encapsulated(jpeg_head(8, 8, b"\xff\x01\x00\x43")))
    yield "a JPEG 2000 that says 65500 x 65500", JPEG2000, image(uid(15), encapsulated(jpeg2000_head(65500, 65500)))
    yield "RLE segments beyond the end", RLE, image(
        uid(16), encapsulated(struct.pack("<16I", 15, *[0xFFFFFFF0] * 15)))
    yield "a deflate bomb of a gigabyte", DEFLATED, zeros_deflated(1 << 30)
    yield "a deflated mask of 200 MB", DEFLATED, mask_deflated(200)
    yield "deflated noise", DEFLATED, bytes(range(256)) * 40
    yield "a path for a UID", EXPLICIT, image("../../../etc/passwd", native())
    yield "a path for a study", EXPLICIT, image(uid(19), native(), study="../../../tmp/x")
    yield "another class than the request's", EXPLICIT, image(uid(20), native(), sop_class="1.2.840.10008.1.1")
    yield "no data set", EXPLICIT, None
    yield "a data set of two bytes", EXPLICIT, b"\0\0"
    yield "private elements, 40 MB", EXPLICIT, image(uid(23), native(), after=b"".join(
        element(0x7FE1, 0x1000 + n, "UN", bytes(1 << 20)) for n in range(40)))
    yield "a hundred thousand elements", EXPLICIT, image(uid(24), native(), after=b"".join(
        element(0x7FE3 + 2 * (n >> 16), n & 0xFFFF, "UN") for n in range(100000)))
    yield "script for a name", EXPLICIT, image(uid(25), native(), name="<script>alert(1)</script>^\"'&")
    yield "control characters in a name", EXPLICIT, image(uid(26), native(), name="A\x1b[2J\x07\r\nB\0C")
    yield "a name of 60 KB", EXPLICIT, image(uid(27), native(), name="x" * 60000)
    yield "a character set of nonsense", EXPLICIT, image(
        uid(28), native(), before=element(0x08, 0x05, "CS", "ISO 2022 IR 999\\\\%%%"), name="\x1b$B\xff\xfe")
    yield "a command and file meta in the data set", EXPLICIT, (
        element(0x00, 0x100, "US", us(1)) + element(0x02, 0x10, "UI", EXPLICIT) + image(uid(29), native()))
    yield "an attribute twice", EXPLICIT, image(uid(30), native()) + element(0x10, 0x20, "LO", "OTHER")
    yield "noise", EXPLICIT, bytes((n * 31 + n // 251) & 0xFF for n in range(100000))


def uid_in(syntax, data_set):
    """The SOP Instance UID that the data set itself has."""
    begin = zlib.decompressobj(-15).decompress(data_set, 10000) if syntax == DEFLATED and data_set[0] else data_set
    found = re.search(rb"\x08\x00\x18\x00UI..([0-9.]+)", begin or b"", re.DOTALL)
    return found.group(1).decode() if found else "2.999.7.1.99"


def part10(syntax, data_set, sop_class=CAPTURE, uid=None):
    meta = element(0x02, 0x01, "OB", b"\0\x01") + element(0x02, 0x02, "UI", sop_class) + element(
        0x02, 0x03, "UI", uid or uid_in(syntax, data_set)) + element(0x02, 0x10, "UI", syntax)
    return bytes(128) + b"DICM" + element(0x02, 0x00, "UL", struct.pack("<I", len(meta))) + meta + (data_set or b"")


def send(server, syntax, data_set, sop_class=CAPTURE, uid=None, title="STRANGER", host=""):
    """The status of a C-STORE, or "aborted". `host`: the address that it comes from."""
    ae = AE(ae_title=title)
    ae.add_requested_context(sop_class, [syntax])
    ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = PATIENCE
    association = ae.associate("127.0.0.1", int(server.dicom_port), ae_title="LUCERNA", bind_address=(host, 0))
    if not association.is_established:
        return "rejected"
    request = C_STORE()
    request.MessageID, request.Priority = 1, 0
    request.AffectedSOPClassUID = sop_class
    request.AffectedSOPInstanceUID = uid or uid_in(syntax, data_set)
    if data_set is not None:
        request.DataSet = io.BytesIO(data_set)
    # As pynetdicom's own send_c_store: else its reactor takes the response for a request.
    association._reactor_checkpoint.clear()
    while not association._is_paused:
        time.sleep(0.001)
    association.dimse.send_msg(request, association.accepted_contexts[0].context_id)
    _, response = association.dimse.get_msg(block=True)
    association._reactor_checkpoint.set()
    status = "aborted" if response is None else f"{response.Status:04X}"
    if association.is_established:
        association.release()
    return status


def stow(server, *parts, kind="application/dicom", accept="application/dicom+json"):
    """Parts of `kind`, or with what stands before them."""
    return status_of(stow_request(server, *parts, kind=kind, accept=accept))


def stow_request(server, *parts, kind="application/dicom", accept="application/dicom+json"):
    whole = b"".join(b"--b\r\n" + (one if isinstance(one, bytes) and one.startswith(b"Content-") else
                                   b"Content-Type: " + kind.encode() + b"\r\n\r\n" + one) + b"\r\n"
                     for one in parts) + b"--b--\r\n"
    return urllib.request.Request(server.url + "/dicom-web/studies", data=whole, headers={
        "Content-Type": f'multipart/related; type="{kind}"; boundary=b', "Accept": accept})


def send_again(server, wanted):
    """A large object, and the same UID again and again, the same and another; the problems."""
    problems = []
    pixels = random.Random(2).randbytes(200 << 20)
    study = {"study": "2.999.9"}
    for name, uid, content, by_dimse, by_http in (
            ("an object of 200 MB", "2.999.9.1.1", pixels, "0000", 200),
            ("the same but for its end", "2.999.9.1.1", pixels[:-2] + b"\0\0", "0111", 409),
            ("the same with some more", "2.999.9.1.1", pixels + bytes(2), "0111", 409),
            ("the same again", "2.999.9.1.1", pixels, "0000", 200)):
        if wanted and wanted not in name:
            continue
        data_set = image(uid, element(0x7FE0, 0x10, "OW", content), **study)
        growth, begun = Growth(server), time.monotonic()
        got = send(server, EXPLICIT, data_set), stow(server, part10(EXPLICIT, data_set))
        print(f"{got[0]:>8} {got[1]:>13} {time.monotonic() - begun:7.2f}  {growth.peak() >> 10:3} MB  {name}", flush=True)
        if got != (by_dimse, by_http):
            problems.append(f"{name}: C-STORE answers {got[0]}, STOW-RS {got[1]}")
        if growth.peak() > MOST_GROWTH_KIB:
            problems.append(f"{name}: {growth.peak() >> 10} MB of growth")
    return problems


def lack_something(server, wanted):
    """Objects of 150 MB that do not say which they are, or are none: their headers are soon known, and what
    follows those need not be held. The problems."""
    pixels = element(0x7FE0, 0x10, "OW", bytes(150 << 20))
    whole = image("2.999.11.1", pixels, study="2.999.11.9")

    def endless(group):
        """Of a VR that is not to be without a length (PS3.5 7.1.2)."""
        return element(group, 0x1011, "OB", length=0xFFFFFFFF)

    def without(group, number, value):
        return whole.replace(element(group, number, "UI", value), b"", 1)
    problems = []
    for name, by_dimse, data_set in (
            ("150 MB without a SOP Instance UID", "C000", without(0x08, 0x18, "2.999.11.1")),
            ("150 MB without a SOP Class UID", "C000", without(0x08, 0x16, CAPTURE)),
            ("150 MB without a Study Instance UID", "C000", without(0x20, 0x0D, "2.999.11.9")),
            ("150 MB without a Series Instance UID", "C000", without(0x20, 0x0E, "2.999.11.9.1")),
            ("150 MB behind a value that does not end, in group 0008", "C000",
             image("2.999.11.2", pixels, study="2.999.11.9", before=endless(0x0008))),
            ("150 MB behind a value that does not end", "C000",
             image("2.999.11.3", endless(0x0029) + pixels, study="2.999.11.9")),
            ("150 MB that are no DICOM", None, bytes(150 << 20))):
        if wanted and wanted not in name:
            continue
        growth, begun = Growth(server), time.monotonic()
        got = by_dimse and send(server, EXPLICIT, data_set)
        between = time.monotonic()
        http = stow(server, part10(EXPLICIT, data_set) if by_dimse else data_set)
        print(f"{got or '-':>8} {between - begun:7.2f} {http:>5} {time.monotonic() - between:7.2f}  "
              f"{growth.peak() >> 10:3} MB  {name}", flush=True)
        if (got, http) != (by_dimse, 409):
            problems.append(f"{name}: C-STORE answers {got}, STOW-RS {http}")
        if growth.peak() > MOST_OF_REFUSED_KIB:
            problems.append(f"{name}: {growth.peak() >> 10} MB of growth")
    return problems


def at_once(count, work):
    """What each of so many threads returns."""
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        return list(pool.map(work, range(count)))


def find_with(server, size):
    """The last status of a C-FIND whose identifier has so many bytes."""
    ae = AE(ae_title="STRANGER")
    ae.add_requested_context(STUDY_FIND, [EXPLICIT])
    ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = PATIENCE
    association = ae.associate("127.0.0.1", int(server.dicom_port), ae_title="LUCERNA")
    query = Dataset()
    query.QueryRetrieveLevel, query.PatientID = "STUDY", "NOBODY"
    query.PatientComments = "x" * size
    statuses = [status.get("Status", 0xC000) for status, _ in association.send_c_find(query, STUDY_FIND)]
    if association.is_established:
        association.release()
    return f"{statuses[-1]:04X}"


def hold_much(server, wanted):
    """What has to be held, or had to be, from many senders at once: together they get no more memory than
    one. The problems."""
    def out_of_order(number, size=60_000_000):
        rest = image(f"2.999.10.1.{number}", b"", study="2.999.10")
        uids = rest.index(element(0x08, 0x60, "CS", "OT"))
        return rest[:uids] + native(size) + rest[uids:]

    def unnamed(_number):
        parts = [f"Content-Type: application/octet-stream\r\nContent-Location: l{part}\r\n\r\n".encode() +
                 bytes(1_000_000) for part in range(100)]
        return stow(server, *parts, kind="application/dicom+json")
    def comments(number, size=20_000_000):
        texts = b"".join(element(0x7FE1, 0x1000 + n, "LT", "c" * 60000) for n in range(size // 60000))
        return deflated(image(f"2.999.10.2.{number}", b"", after=texts, study="2.999.10"))
    problems = []
    texts = [comments(number) for number in range(16)]
    for name, count, work, fitting in (
            ("eight of 20 MB of text, deflated to a thousandth", 8, lambda n: send(server, DEFLATED, texts[n]), {"0000", "A700"}),
            ("the same text by STOW-RS", 8, lambda n: stow(server, part10(DEFLATED, texts[n + 8])), {200, 503}),
            ("one of 60 MB whose pixels come before its patient", 1, lambda n: send(server, EXPLICIT, out_of_order(100)), {"0000"}),
            ("eight of 60 MB whose pixels come before their patient", 8, lambda n: send(server, EXPLICIT, out_of_order(n)), {"0000"}),
            ("the same by STOW-RS", 4, lambda n: stow(server, part10(EXPLICIT, out_of_order(n + 10))), {200}),
            ("four times 100 MB of bulk data that nobody names", 4, unnamed, {409, 503}),
            ("twenty queries of 15 MB", 20, lambda n: find_with(server, 15_000_000), {"0000", "A700"})):
        if wanted and wanted not in name:
            continue
        growth, begun = Growth(server), time.monotonic()
        got = collections.Counter(at_once(count, work))
        print(f"{dict(got)} {time.monotonic() - begun:7.2f}  {growth.peak() >> 10:3} MB  {name}", flush=True)
        # One at a time fits: somebody is always served.
        if not set(got) <= fitting or not set(got) & fitting & {"0000", 200, 409}:
            problems.append(f"{name}: answered {dict(got)}")
        if growth.peak() > MOST_GROWTH_KIB:
            problems.append(f"{name}: {growth.peak() >> 10} MB of growth")
    return problems


def hostile_metadata():
    """Name, form, parts: metadata, and bulk data after their headers."""
    sets = itertools.count(1)

    def json_set(rest, end=""):
        return (f'{{"00080016":{{"vr":"UI","Value":["{CAPTURE}"]}},"00080018":{{"vr":"UI","Value":'
                f'["2.999.8.1.{next(sets)}"]}},"0020000D":{{"vr":"UI","Value":["2.999.8"]}},"0020000E":'
                f'{{"vr":"UI","Value":["2.999.8.1"]}},{rest}{end}}}').encode()

    def xml_set(rest):
        return b"<NativeDicomModel>" + rest + b"</NativeDicomModel>"

    def bulk(content, kind="application/octet-stream", place="a"):
        return f"Content-Type: {kind}\r\nContent-Location: {place}\r\n\r\n".encode() + content
    pixels = '"7FE00010":{"vr":"OB","BulkDataURI":"a"}'
    many = "".join(f'"{number:08X}":{{"vr":"UN"}},' for number in range(0x00210000, 0x00210000 + 690000))
    yield "a flood of attributes", "json", [json_set(many, pixels)]
    yield "the same in many sets", "json", [json_set(many[:23 * 90000], '"00A00001":{"vr":"UN"}') for _ in range(7)]
    yield "a flood of empty items", "json", [json_set('"00081140":{"vr":"SQ","Value":[' + "{}," * 5000000 + "{}]}")]
    yield "a flood of empty sets", "json", [b"[" + b"{}," * 5000000 + b"{}]"]
    yield "arrays a million deep", "json", [b"[" * 1000000]
    yield "sequences a hundred thousand deep", "json", [
        json_set('"00081140":{"vr":"SQ","Value":[{' * 100000 + "}]}" * 100000)]
    yield "16 MB of base64", "json", [json_set('"00420011":{"vr":"OB","InlineBinary":"' + "A" * 16000000 + '"}')]
    yield "40 MB of nothing", "json", [b" " * 40000000]
    yield "a flood of elements", "xml", [xml_set(b"<a/>" * 4000000)]
    yield "a flood of XML attributes", "xml", [xml_set(b"<a" + b" b=''" * 3200000 + b"/>")]
    yield "a flood of private creators", "xml", [xml_set(b"".join(
        b'<DicomAttribute tag="00090001" vr="LO" privateCreator="%d"/>' % number for number in range(90000)))]
    yield "items a hundred thousand deep", "xml", [
        xml_set(b'<DicomAttribute tag="00081140" vr="SQ"><Item number="1">' * 60000)]
    yield "entities of entities", "xml", [
        b'<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">' + b"".join(
            b'<!ENTITY %c "%s">' % (letter + 1, b"&%c;" % letter * 10) for letter in range(97, 107)) +
        b"]>" + xml_set(b'<DicomAttribute tag="00100020" vr="LO"><Value number="1">&k;</Value></DicomAttribute>')]
    yield "60 MB of bulk data that nobody names", "json", [bulk(bytes(60000000))]
    yield "ten thousand locations", "json", [bulk(b"1", place=f"a/frames/{number}") for number in range(9999)]
    yield "999999 frames of which one comes", "json", [
        json_set('"00280008":{"vr":"IS","Value":[999999]},' + pixels), bulk(b"\xff\xd8", "image/jpeg")]
    yield "a JPEG that says 65500 x 65500", "json", [
        json_set(pixels), bulk(jpeg_head(65500, 65500), "image/jpeg")]
    yield "a JPEG 2000 that says 65500 x 65500", "json", [
        json_set(pixels), bulk(jpeg2000_head(65500, 65500), "image/jp2")]
    yield "a transfer syntax that is a path", "json", [
        json_set(pixels), bulk(b"1234", 'image/jpeg; transfer-syntax="../../etc"')]


def send_metadata(server, wanted):
    """Prints what became of each; the problems."""
    problems = []
    for name, form, parts in hostile_metadata():
        if wanted and wanted not in name:
            continue
        growth, begun = Growth(server), time.monotonic()
        kind = f"application/dicom+{form}"
        status = stow(server, *parts, kind=kind, accept=kind)
        print(f"{status:>22} {time.monotonic() - begun:7.2f}  {growth.peak() >> 10:3} MB  {form}: {name}", flush=True)
        if server.process.poll() is not None:
            return [f"the server ended at: {name}"]
        if growth.peak() > MOST_GROWTH_KIB:
            problems.append(f"{name}: {growth.peak() >> 10} MB of growth")
        if not 200 <= status < 500:
            problems.append(f"{name}: STOW-RS answers {status}")
    return problems


def status_of(request):
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            answer.read()
            return answer.status
    except urllib.error.HTTPError as error:
        error.read()
        return error.code


def look_at(server):
    """Everything of every object that was taken after all: no answer may be an error of ours."""
    bad = []
    for one in server.get("/dicom-web/instances?limit=1000"):
        study, series, sop = (one[tag]["Value"][0] for tag in ("0020000D", "0020000E", "00080018"))
        place = f"/dicom-web/studies/{study}/series/{series}/instances/{sop}"
        for path, accept in ((f"{place}/metadata", "application/dicom+json"), (f"{place}/rendered", "image/png"),
                             (f"{place}/frames/1", 'multipart/related; type="application/octet-stream"')):
            status = status_of(urllib.request.Request(server.url + path, headers={"Accept": accept}))
            if status >= 500:
                bad.append(f"{path}: {status}")
    return bad


def hostile_requests(server):
    """Name, bytes of a STOW-RS request as they go out, statuses that it may be answered with; none: it may be
    ended without an answer, as it waits for what does not come."""
    whole = part10(EXPLICIT, image("2.999.12.1", native(), study="2.999.12"))
    group = 140  # where the length of the file meta's group stands

    def request(*parts, headers=(), length=None):
        body = b"".join(b"--b\r\nContent-Type: application/dicom\r\n\r\n" + one + b"\r\n" for one in parts) + b"--b--\r\n"
        return ("POST /dicom-web/studies HTTP/1.1\r\nHost: localhost\r\nAccept: application/dicom+json\r\n"
                'Content-Type: multipart/related; type="application/dicom"; boundary=b\r\n' +
                "".join(one + "\r\n" for one in headers) +
                f"Content-Length: {len(body) if length is None else length}\r\n\r\n").encode() + body
    for name, file in (
            ("a file meta whose group claims 4 GB", whole[:group] + struct.pack("<I", 0xFFFFFFF0) + whole[group + 4:]),
            ("an element of file meta that claims 4 GB", whole[:group + 4 + 8] + struct.pack("<I", 0xFFFFFFF0) + whole[group + 16:]),
            ("one that has no end", whole[:group + 4 + 8] + struct.pack("<I", UNDEFINED) + whole[group + 16:]),
            ("a file meta of 30 MB", whole[:group + 4] + element(0x02, 0x102, "OB", bytes(30 << 20)) + whole[group + 4:])):
        yield name, request(file), {200} if "group" in name else {409}
    bomb = gzip.compress(bytes(100 << 20))
    yield "a gzip bomb of 100 MB", request(bomb, headers=["Content-Encoding: gzip"]), {415}
    yield "the same called identity", request(bomb, headers=["Content-Encoding: identity"]), {409}
    for length in (1 << 40, (1 << 63) - 1, 1 << 64, "9" * 1000, -1):
        yield f"a Content-Length of {str(length)[:20]}", request(whole, length=length), {400, 409, 413, None}


def send_requests(server, wanted):
    """Prints what became of each; the problems."""
    problems = []
    for name, data, fitting in hostile_requests(server):
        if wanted and wanted not in name:
            continue
        growth, begun = Growth(server), time.monotonic()
        answer = b""
        with socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])), PATIENCE) as one:
            try:
                one.sendall(data)
                one.shutdown(socket.SHUT_WR)
                while got := one.recv(1 << 16):
                    answer = answer or got
            except OSError:
                pass  # it was ended meanwhile
        status = int(answer[9:12]) if answer else None
        print(f"{status or 'ended':>22} {time.monotonic() - begun:7.2f}  {growth.peak() >> 10:3} MB  {name}", flush=True)
        if status not in fitting:
            problems.append(f"{name}: answered {status}")
        if growth.peak() > MOST_GROWTH_KIB:
            problems.append(f"{name}: {growth.peak() >> 10} MB of growth")
    for number, title in enumerate(("../../../../etc", "<script>'\"&;")):
        got = send(server, EXPLICIT, image(f"2.999.12.2.{number}", native(), study="2.999.12"), title=title)
        print(f"{got:>8}  an AE title of {title}", flush=True)
        if got != "0000":
            problems.append(f"{title}: C-STORE answers {got}")
    return problems


def flood(server):
    """Two hundred connections: a third say nothing, a third noise, a third a request with odd titles."""
    odd = b"../../../../etc\x1b" + b"\xff" * 4
    request = bytes(2) + b"\0\x01\0\0" + odd[:16].ljust(16, b"\0") + odd[:16].ljust(16, b"\n") + bytes(32)
    sockets = []
    for number in range(200):
        one = socket.create_connection(("127.0.0.1", int(server.dicom_port)), PATIENCE)
        if number % 3 == 1:
            one.sendall(bytes(range(256)))
        elif number % 3 == 2:
            one.sendall(b"\x01\0" + struct.pack(">I", len(request)) + request)
        sockets.append(one)
    return sockets


HEADER = b"MSH|^~\\&|RIS|HOSP|LUCERNA|SCREEN|20260301081500||ORM^O01|%s|P|2.5.1\r"
PATIENT = b"PID|1||HOSTILE||Doe^Jane\r"


def order(number):
    return b"ORC|NW|%d^EHR\rOBR|1|%d^EHR||SCR^Screening\r" % (number, number)


def framed(message):
    return b"\x0b" + message + b"\x1c\r"


def hostile_hl7():
    """Name, bytes on a connection, whether they are to be answered."""
    whole = HEADER % b"1" + PATIENT + order(1)
    yield "bytes outside of a frame", whole, False
    yield "an MLLP frame without its end block", b"\x0b" + whole, False
    yield "a message cut off in its header", b"\x0b" + whole[:30], False
    yield "an endless message", b"\x0b" + whole + b"NTE|1||more\r" * (1 << 20), False
    yield "a frame within a frame", b"\x0b" + whole + framed(whole), False
    yield "two end blocks", framed(whole) + b"\x1c\r", True
    yield "an empty frame", framed(b""), True
    yield "a header of delimiters that are all one", framed(b"MSH||||||||||||||\r" + PATIENT), True
    yield "half a header", framed(whole[:30]), True
    yield "bytes that are no text", framed(bytes(range(32, 256)) * 1000), True
    yield "no message control ID", framed(HEADER % b"" + PATIENT + order(1)), True
    yield "a byte order mark before nothing", framed(b"\xef\xbb\xbf"), True
    yield "an acknowledgement", framed(HEADER.replace(b"ORM^O01", b"ACK") % b"7" + b"MSA|AA|1\r"), False
    yield "null characters", framed(whole.replace(b"Doe", b"D\0e")), True
    for delimiter in (b"~", b"^", b"&", b"\\", b"|", b"\r"):
        yield (f"a megabyte of {delimiter!r} in the patient's identifiers",
               framed(whole.replace(b"HOSTILE", delimiter * 1_000_000)), True)
    yield "orders as many as fit", framed(HEADER % b"2" + PATIENT + b"".join(map(order, range(480)))), True
    yield "segments as many as fit", framed(HEADER % b"3" + PATIENT + b"NTE\r" * 260_000), True
    yield "a character set as long as fits", framed(
        whole.replace(b"2.5.1", b"2.5.1||||||" + b"UNICODE UTF-8~" * 70_000)), True
    yield "a thousand messages at once", framed(HEADER % b"4" + PATIENT) * 1000, True


def converse(port, data):
    """What is acknowledged of `data` ("AE"), "" for nothing, once the server has closed."""
    answer = b""
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as one:
        try:
            one.sendall(data)
            one.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # it was ended meanwhile
        try:
            while got := one.recv(1 << 16):
                answer = (answer + got)[-(1 << 20):]
        except ConnectionError:
            pass
    found = re.search(rb"MSA\|(A[AER])", answer)
    return found.group(1).decode() if found else ""


def good_order_is_taken(port, number):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if converse(port, framed(HEADER % b"9" + PATIENT + order(number))) == "AA":
            return True
        time.sleep(0.2)  # the flood holds every place still
    return False


def talk_hl7(server, port, wanted):
    """Yields what gives way."""
    for number, (name, data, is_answered) in enumerate(hostile_hl7()):
        if wanted and wanted not in name:
            continue
        growth, begun = Growth(server), time.monotonic()
        answer = converse(port, data)
        print(f"{answer or '-':>8} {time.monotonic() - begun:7.2f} {'':13}  {growth.peak() >> 10:3} MB  {name}",
              flush=True)
        if server.process.poll() is not None:
            yield f"the server ended at: {name}"
            return
        if bool(answer) != is_answered:
            yield f"{name}: {'no answer' if is_answered else 'answered with ' + answer}"
        if growth.peak() > MOST_GROWTH_KIB:
            yield f"{name}: {growth.peak() >> 10} MB of growth"
        if not good_order_is_taken(port, 1000 + number):
            yield f"no good order is taken after: {name}"
    sockets = [socket.create_connection(("127.0.0.1", port), PATIENCE) for _ in range(200)]
    for number, one in enumerate(sockets):
        try:
            one.sendall(b"\x0b" + HEADER % b"5" if number % 2 else b"")
        except OSError:
            pass  # it was turned away
    for one in sockets[:150]:
        one.close()
    if not good_order_is_taken(port, 2000):
        yield "no good order is taken after the flood of connections"
    for one in sockets[150:]:
        one.close()


class Growth:
    """How far the server's memory rises above what it holds now."""

    def __init__(self, server):
        self.process = pathlib.Path(f"/proc/{server.process.pid}")
        (self.process / "clear_refs").write_text("5", encoding="utf-8")  # the peak begins anew
        self.before = self.kib("VmRSS")

    def kib(self, what):
        status = (self.process / "status").read_text(encoding="utf-8")
        return int(re.search(what + r":\s+(\d+)", status).group(1))

    def peak(self):
        return self.kib("VmHWM") - self.before

    def left(self):
        return self.kib("VmRSS") - self.before


def good_one_is_taken(server):
    d = instance("GOOD")
    ae = AE(ae_title="GOOD")
    ae.add_requested_context(d.SOPClassUID, [EXPLICIT])
    ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = PATIENCE
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        association = ae.associate("127.0.0.1", int(server.dicom_port), ae_title="LUCERNA")
        if association.is_established:
            status = association.send_c_store(d).Status
            association.release()
            return status == 0
        time.sleep(0.2)  # the flood holds every place still
    return False


def main():
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    folder = tempfile.mkdtemp(prefix="lucerna-hostile-")
    problems, slowest = [], 0.0
    hl7_port = free_port()
    server = Server(pathlib.Path(folder) / "data", "--set", "quiet_seconds=86400", "--set",
                    f"hl7.listen=127.0.0.1:{hl7_port}")
    try:
        assert good_one_is_taken(server)
        whole = Growth(server)
        print(f"{'C-STORE':>8} {'seconds':>7} {'STOW':>5} {'seconds':>7}  growth  what")
        for name, syntax, data_set in hostile():
            if wanted and wanted not in name:
                continue
            growth, begun = Growth(server), time.monotonic()
            by_dimse = send(server, syntax, data_set)
            between = time.monotonic()
            by_http = stow(server, part10(syntax, data_set))
            ended = time.monotonic()
            slowest = max(slowest, between - begun)
            if server.process.poll() is not None:
                problems.append(f"the server ended at: {name}")
                break
            print(f"{by_dimse:>8} {between - begun:7.2f} {by_http:>5} {ended - between:7.2f}  "
                  f"{growth.peak() >> 10:3} MB  {name}", flush=True)
            if by_dimse in ("aborted", "rejected"):
                problems.append(f"{name}: no answer to the C-STORE within {PATIENCE} s")
            if growth.peak() > MOST_GROWTH_KIB:
                problems.append(f"{name}: {growth.peak() >> 10} MB of growth")
            if by_http >= 500:
                problems.append(f"{name}: STOW-RS answers {by_http}")
        if not problems:
            problems += send_metadata(server, wanted)
        if not problems:
            problems += send_requests(server, wanted)
        if not problems:
            problems += lack_something(server, wanted)
        if not problems:
            problems += hold_much(server, wanted)
        if not problems:
            problems += talk_hl7(server, hl7_port, wanted)
        if not problems:
            growth = Growth(server)
            problems += look_at(server)
            print(f"{growth.peak() >> 10} MB of growth when what was taken is looked at")
            if growth.peak() > MOST_GROWTH_KIB:
                problems.append(f"{growth.peak() >> 10} MB of growth by looking at it")
            problems += send_again(server, wanted)
            sockets = flood(server)
            for one in sockets[:150]:
                one.close()
            if not good_one_is_taken(server):
                problems.append("no good object is taken after the flood")
            end = time.monotonic() + PATIENCE
            while whole.left() > MOST_GROWTH_KIB and time.monotonic() < end:
                time.sleep(1)  # it gives back what it freed from time to time
            print(f"{whole.left() >> 10} MB stay, slowest answer to a C-STORE {slowest:.2f} s")
            if whole.left() > MOST_GROWTH_KIB:
                problems.append(f"{whole.left() >> 10} MB stay")
    finally:
        if server.process.poll() is None:
            server.end(signal.SIGKILL)
        for line in (pathlib.Path(folder) / "data.log").read_bytes().splitlines():
            json.loads(line)  # whatever came, a line of the log stays a line of JSON
        shutil.rmtree(folder, ignore_errors=True)
    print("\n".join(problems) or "nothing gave way")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
