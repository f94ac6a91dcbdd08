#!/usr/bin/env python3
"""Sends a running `lucerna serve` large objects whose encoding asks more of whoever takes them: slides
of very many fragments, or with an item for each of very many frames, big endian and deflated ones, ones
whose pixels come before their patient; by C-STORE (pynetdicom, DCMTK's storescu) and STOW-RS, one and four at once.

    LUCERNA_BIN=... PYTHONPATH=.deps/python:tests/e2e tests/fault/odd_encodings.py [NAME [FRAGMENTS]]

Each is taken, comes back bit for bit and can be looked at; one that is kept already is compared, in whichever
encoding it comes. The server does not grow by more than 100 MB. Prints how long it took and how far the
server grew.
"""
import collections
import functools
import json
import pathlib
import random
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request
import zlib

from pydicom.dataset import Dataset
from pynetdicom import AE, build_role, evt

from hostile_senders import (DEFLATED, EXPLICIT, MOST_GROWTH_KIB, RLE, Growth, at_once, element, encapsulated,
                             image, item, native, part10, send, status_of, stow, us)
from whole_program import PATIENCE, Server

BIG_ENDIAN = "1.2.840.10008.1.2.2"
STUDY_GET = "1.2.840.10008.5.1.4.1.2.2.3"
SLIDE = "1.2.840.10008.5.1.4.1.1.77.1.6"
FRAMES = int(sys.argv[2]) if len(sys.argv) > 2 else 25_000
TILE = 64
STUDY = "2.999.11"


def tile(number):
    return struct.pack("<I", number) * (TILE * TILE // 4)


def slide(uid):
    """RLE (PS3.5 Annex G) that makes nothing smaller, a fragment a frame of more than a page."""
    head = struct.pack("<16I", 1, 64, *[0] * 14)

    def fragment(number):
        return head + (b"\x7f" + tile(number)[:128]) * (TILE * TILE // 128)
    return image(uid, encapsulated(*map(fragment, range(FRAMES))), sop_class=SLIDE, frames=str(FRAMES),
                 rows=element(0x28, 0x10, "US", us(TILE)), columns=TILE, study=STUDY)


@functools.cache
def noise(size):
    return random.Random(3).randbytes(size)


@functools.cache
def noise_deflated(size):
    squeeze = zlib.compressobj(1, zlib.DEFLATED, -15)
    return squeeze.compress(noise(size)) + squeeze.flush()


def large(uid, size):
    """Of 1024 x 1024 pixels a frame."""
    return image(uid, element(0x7FE0, 0x10, "OB", noise(size)), rows=element(0x28, 0x10, "US", us(1024)), columns=1024,
                 frames=str(size >> 20), study=STUDY)


def large_deflated(uid, size):
    """What is before the pixels ends with a full flush, so that these can be deflated once."""
    squeeze = zlib.compressobj(1, zlib.DEFLATED, -15)
    begin = large(uid, size)[:-size]
    return squeeze.compress(begin) + squeeze.flush(zlib.Z_FULL_FLUSH) + noise_deflated(size)


def out_of_order(uid, size):
    """Its pixels come behind its UIDs, before its patient."""
    rest = image(uid, b"", study=STUDY)
    uids = rest.index(element(0x08, 0x60, "CS", "OT"))
    return rest[:uids] + native(size) + rest[uids:]


def in_big_endian(data_set):
    """Of one without sequences, whose Pixel Data are bytes and whose numbers come alone."""
    out, at = bytearray(), 0
    while at < len(data_set):
        group, number = struct.unpack_from("<HH", data_set, at)
        vr = data_set[at + 4:at + 6]
        is_long = vr in (b"OB", b"OW", b"UN")
        length = struct.unpack_from("<I" if is_long else "<H", data_set, at + (8 if is_long else 6))[0]
        out += struct.pack(">HH", group, number) + vr
        out += struct.pack(">HI", 0, length) if is_long else struct.pack(">H", length)
        at += 12 if is_long else 8
        value = data_set[at:at + length]
        out += value[::-1] if vr == b"US" else value
        at += length
    return bytes(out)


# Of slides with an item for each frame: 8 x 8 pixels.
PLACES = 4 * FRAMES


def place_of(number):
    """What Per-Frame Functional Groups say of a frame of a sparse slide (PS3.3 A.32.8.4)."""
    row, column = divmod(number, 400)

    def sequence(group, number, content):
        return element(group, number, "SQ", item(content))
    return (sequence(0x20, 0x9111, element(0x20, 0x9157, "UL", struct.pack("<II", column + 1, row + 1))) +
            sequence(0x48, 0x021A, element(0x40, 0x072A, "DS", f"{row * 0.002:.3f}") +
                     element(0x40, 0x073A, "DS", f"{column * 0.002:.3f}") + element(0x40, 0x074A, "DS", "0.0") +
                     element(0x48, 0x021E, "SL", struct.pack("<i", column * 8 + 1)) +
                     element(0x48, 0x021F, "SL", struct.pack("<i", row * 8 + 1))) +
            sequence(0x48, 0x0207, element(0x48, 0x0106, "SH", "1")))


def small_tile(number):
    return struct.pack("<I", number) * 16


@functools.cache
def places():
    return element(0x5200, 0x9230, "SQ", b"".join(item(place_of(number)) for number in range(PLACES)))


def slide_of_places(uid, pixels):
    return image(uid, places() + pixels, sop_class=SLIDE, frames=str(PLACES), study=STUDY)


def native_slide(uid):
    return slide_of_places(uid, element(0x7FE0, 0x10, "OB", b"".join(map(small_tile, range(PLACES)))))


def encapsulated_slide(uid):
    head = struct.pack("<16I", 1, 64, *[0] * 14) + b"\x3f"
    return slide_of_places(uid, encapsulated(*(head + small_tile(number) + b"\0" for number in range(PLACES))))


def cases():
    """Name, transfer syntax, SOP class, data set by UID, the frames that are looked at and their pixels."""
    size = 120 << 20
    capture = "1.2.840.10008.5.1.4.1.1.7"
    tiles = {number: tile(number - 1) for number in (1, FRAMES // 2, FRAMES)}
    pictures = {1: noise(1 << 20), 120: noise(size)[-1 << 20:]}
    yield f"a slide of {FRAMES} fragments", RLE, SLIDE, slide, tiles
    small_tiles = {number: small_tile(number - 1) for number in (1, PLACES // 2, PLACES)}
    yield f"a slide with {PLACES} items", EXPLICIT, SLIDE, native_slide, small_tiles
    yield f"one in fragments with {PLACES} items", RLE, SLIDE, encapsulated_slide, small_tiles
    yield "120 MB in big endian", BIG_ENDIAN, capture, lambda uid: in_big_endian(large(uid, size)), pictures
    yield "120 MB deflated", DEFLATED, capture, lambda uid: large_deflated(uid, size), pictures
    yield "120 MB, pixels before the patient", EXPLICIT, capture, lambda uid: out_of_order(uid, size), {}


def answer_of(server, path, accept):
    request = urllib.request.Request(f"{server.url}/dicom-web/studies/{STUDY}/series/{STUDY}.1/instances/{path}",
                                     headers={"Accept": accept})
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        return answer.read()


def problems_of(server, uid, data_set, frames):
    """Of one that was taken."""
    whole = answer_of(server, uid, 'multipart/related; type="application/dicom"; transfer-syntax=*')
    if data_set not in whole:
        yield f"{uid} did not come back as it was sent"
    for number, pixels in frames.items():
        if pixels not in answer_of(server, f"{uid}/frames/{number}", 'multipart/related; type="application/octet-stream"'):
            yield f"{uid}: frame {number} is another"


def send_all(server, wanted):
    """By pynetdicom and STOW-RS; the problems."""
    problems = []
    for kind, (name, syntax, sop_class, make, frames) in enumerate(cases()):
        if wanted and wanted not in name:
            continue
        for way, count in (("C-STORE", 1), ("STOW-RS", 1), ("C-STORE", 4), ("STOW-RS", 4)):
            sets = {uid: make(uid) for uid in (f"{STUDY}.{kind}.{count}.{len(way)}.{n}" for n in range(count))}

            def one(number):
                uid, data_set = list(sets.items())[number]
                if way == "C-STORE":
                    return send(server, syntax, data_set, sop_class, uid)
                return stow(server, part10(syntax, data_set, sop_class, uid))
            growth, begun = Growth(server), time.monotonic()
            got = collections.Counter(at_once(count, one))
            print(f"{growth.peak() / 1024:6.1f} MB {time.monotonic() - begun:6.2f} s  {dict(got)}  {way}, {count} at once: "
                  f"{name}", flush=True)
            if set(got) - {"0000", 200}:
                problems.append(f"{name}, {way}, {count} at once: {dict(got)}")
            if growth.peak() > MOST_GROWTH_KIB:
                problems.append(f"{name}, {way}, {count} at once: {growth.peak() >> 10} MB of growth")
            uid, data_set = list(sets.items())[-1]
            if not problems:
                problems += problems_of(server, uid, data_set, frames)
    return problems


def send_again(server, wanted):
    """One that is kept already, in other encodings; the problems."""
    uid, size, problems = f"{STUDY}.30", 120 << 20, []
    again = {"in big endian": (BIG_ENDIAN, in_big_endian(large(uid, size)), "0000"),
             "deflated": (DEFLATED, large_deflated(uid, size), "0000"),
             "in big endian, one byte another": (BIG_ENDIAN, in_big_endian(large(uid, size)[:-2] + b"\0\0"), "0111")}
    if wanted and wanted not in "again":
        return problems
    problems += [] if send(server, EXPLICIT, large(uid, size), uid=uid) == "0000" else ["the first was refused"]
    for name, (syntax, data_set, wanted_status) in again.items():
        growth, begun = Growth(server), time.monotonic()
        status = send(server, syntax, data_set, uid=uid)
        print(f"{growth.peak() / 1024:6.1f} MB {time.monotonic() - begun:6.2f} s  {status}  again, {name}", flush=True)
        if status != wanted_status:
            problems.append(f"again, {name}: {status}")
        if growth.peak() > MOST_GROWTH_KIB:
            problems.append(f"again, {name}: {growth.peak() >> 10} MB of growth")
    return problems


def get_as_stored(server, uid, syntax):
    """What comes by C-GET, and the last status; where no other syntax is agreed on."""
    came = []

    def store(event):
        came.append(event.request.DataSet.getvalue())
        return 0x0000
    ae = AE()
    ae.add_requested_context(STUDY_GET)
    ae.add_requested_context(SLIDE, [syntax])
    ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = PATIENCE
    association = ae.associate("127.0.0.1", int(server.dicom_port), ae_title="LUCERNA",
                               ext_neg=[build_role(SLIDE, scp_role=True)], evt_handlers=[(evt.EVT_C_STORE, store)])
    identifier = Dataset()
    identifier.QueryRetrieveLevel, identifier.StudyInstanceUID = "IMAGE", STUDY
    identifier.SeriesInstanceUID, identifier.SOPInstanceUID = f"{STUDY}.1", uid
    *_, (last, _) = association.send_c_get(identifier, STUDY_GET)
    association.release()
    return came, last.Status


def get_slides(server, wanted):
    """Those of very many items, by C-GET, and what is said of them; the problems. What they are described
    with is more than is read of one object: that is said."""
    problems = []
    for number, (name, syntax, _, make, _) in enumerate(cases()):
        if "items" not in name or wanted and wanted not in name:
            continue
        uid = f"{STUDY}.{number}.1.7.0"
        growth = Growth(server)
        got, status = get_as_stored(server, uid, syntax)
        same = got == [make(uid)]
        print(f"{growth.peak() / 1024:6.1f} MB C-GET {status:04X}, {'the same' if same else 'another'}: {name}", flush=True)
        if status or not same:
            problems.append(f"{name}: C-GET {status:04X}, {len(got)} came")
        if growth.peak() > MOST_GROWTH_KIB:
            problems.append(f"{name}, C-GET: {growth.peak() >> 10} MB of growth")
        instance = f"{server.url}/dicom-web/studies/{STUDY}/series/{STUDY}.1/instances/{uid}"
        for path, accept in ((f"{instance}/metadata", "application/dicom+json"), (f"{instance}/rendered", "image/png"),
                             (f"{server.url}/dicom-web/instances?includefield=all&SOPInstanceUID={uid}", "application/json")):
            growth = Growth(server)
            status = status_of(urllib.request.Request(path, headers={"Accept": accept}))
            print(f"{growth.peak() / 1024:6.1f} MB {status}  {path.rpartition('/')[2][:30]}: {name}", flush=True)
            if status >= 500:
                problems.append(f"{path}: {status}")
            if growth.peak() > MOST_GROWTH_KIB:
                problems.append(f"{path}: {growth.peak() >> 10} MB of growth")
    return problems


def send_by_storescu(server, folder, wanted):
    """DCMTK's own encodings of one image; the problems."""
    plain = pathlib.Path(folder) / "plain.dcm"
    problems = []
    for number, (name, convert, propose) in enumerate((("big endian", "+tb", "-xb"), ("deflated", "+td", "-xd"))):
        if wanted and wanted not in f"storescu, {name}":
            continue
        uid = f"{STUDY}.20.{number}"
        plain.write_bytes(part10(EXPLICIT, large(uid, 100 << 20)))
        file = pathlib.Path(folder) / f"{number}.dcm"
        subprocess.run(["dcmconv", convert, plain, file], check=True)
        growth = Growth(server)
        run = subprocess.run(["storescu", propose, "-aec", "LUCERNA", "127.0.0.1", server.dicom_port, file],
                             capture_output=True, text=True)
        print(f"{growth.peak() / 1024:6.1f} MB storescu, {name}: {run.returncode}", flush=True)
        if run.returncode != 0 or run.stderr.strip():
            problems.append(f"storescu, {name}: {run.returncode} {run.stderr.strip()}")
        if growth.peak() > MOST_GROWTH_KIB:
            problems.append(f"storescu, {name}: {growth.peak() >> 10} MB of growth")
        if not problems:
            problems += problems_of(server, uid, b"", {100: noise(100 << 20)[-1 << 20:]})
    return problems


def main():
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    folder = tempfile.mkdtemp(prefix="lucerna-encodings-")
    server = Server(pathlib.Path(folder) / "data", "--set", "quiet_seconds=86400")
    try:
        problems = send_all(server, wanted) + get_slides(server, wanted)
        problems += send_again(server, wanted) + send_by_storescu(server, folder, wanted)
        if server.process.poll() is not None:
            problems.append("the server ended")
    finally:
        if server.process.poll() is None:
            server.end(signal.SIGKILL)
        for line in (pathlib.Path(folder) / "data.log").read_bytes().splitlines():
            json.loads(line)
        shutil.rmtree(folder, ignore_errors=True)
    print("\n".join(problems) or "all of it was taken")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
