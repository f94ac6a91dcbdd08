#!/usr/bin/env python3
"""Asks a running `lucerna serve` for much that is of many parts, and reads nothing of it: studies of thousands
of objects, objects of thousands of values or frames, videos of many fragments; by hundreds at once.

    LUCERNA_BIN=... PYTHONPATH=.deps/python:tests/e2e:tests/fault tests/fault/stalled_readers.py [NAME]

A new server for each. It does not grow by more than 100 MB, and takes and answers others meanwhile and after.
"""
import struct
import sys
import time
import urllib.request

from pydicom.dataset import Dataset

from hostile_crowds import C_STORE_SECONDS, JSON, STUDY_GET, asks_and_reads_nothing, meet_each
from hostile_senders import (CAPTURE, EXPLICIT, UNDEFINED, element, image, item, native, part10, send, status_of, stow,
                             us)
from slow_readers import IdleReader
from whole_program import wait_for

STUDY = "2.999.40"
OCTETS = 'multipart/related; type="application/octet-stream"'
MP4 = "1.2.840.10008.1.2.4.102"
VIDEO_CLASS = "1.2.840.10008.5.1.4.1.1.77.1.1.1"


def keep_study(server, count, size=64, large=12_000_000):
    """One large object, so that no answer fits into what sockets hold, and many small ones."""
    for begin in range(0, count, 500):
        assert stow(server, *(part10(EXPLICIT, image(f"{STUDY}.1.{n}", native(size if n else large), study=STUDY))
                              for n in range(begin, min(begin + 500, count)))) == 200


def read_nothing(server, held, count, path, accept):
    """So many, after one that reads all; meanwhile others send. What those were answered."""
    path = f"/dicom-web/studies/{STUDY}{path}"
    assert status_of(urllib.request.Request(server.url + path, headers={"Accept": accept})) == 200
    readers = []
    for _ in range(count):
        readers.append(IdleReader(server.url, path, accept))
        held.callback(readers[-1].socket.close)
    for number in range(4):
        begun = time.monotonic()
        assert send(server, EXPLICIT, image(f"2.999.41.1.{number}", native(), study="2.999.41")) == "0000"
        seconds = time.monotonic() - begun
        assert seconds < C_STORE_SECONDS, f"answered after {seconds:.1f} s"
        time.sleep(1)
    wait_for(lambda: all(one.is_answered() for one in readers), "answers")


def a_study(server, held):
    keep_study(server, 4000, 1500)
    read_nothing(server, held, 150, "", 'multipart/related; type="application/dicom"; transfer-syntax=*')


def its_metadata(server, held):
    keep_study(server, 4000)
    read_nothing(server, held, 150, "/metadata", JSON)


def its_bulk_data(server, held):
    keep_study(server, 4000, 1500)
    read_nothing(server, held, 200, "/bulkdata", OCTETS)


def its_pictures(server, held):
    keep_study(server, 3000, large=64)
    read_nothing(server, held, 100, "/rendered", 'multipart/related; type="image/jpeg"')


def values_of_one_object(server, held):
    items = item(element(0x0028, 0x1201, "OW", bytes(600))) * 20_000
    assert send(server, EXPLICIT, image(f"{STUDY}.1.1", native(), study=STUDY,
                                        before=element(0x0008, 0x1140, "SQ", items))) == "0000"
    read_nothing(server, held, 60, "/bulkdata", OCTETS)


def frames_of_one_object(server, held):
    """As many as an address has room for, each once; and one that names the same again and again."""
    count, side = 7_000, 16
    pixels = element(0x7FE0, 0x0010, "OB", bytes(count * side * side))
    assert send(server, EXPLICIT, image(f"{STUDY}.1.1", pixels, study=STUDY, frames=str(count),
                                        rows=element(0x0028, 0x0010, "US", us(side)), columns=side)) == "0000"
    path = f"/series/{STUDY}.1/instances/{STUDY}.1.1/frames/"
    read_nothing(server, held, 750, path + ",".join(str(n) for n in range(1, 6_000)), OCTETS)
    doubled = urllib.request.Request(f"{server.url}/dicom-web/studies/{STUDY}{path}{','.join(['1'] * 10_000)}")
    return [status_of(doubled)], {400}


def a_video(server, held):
    """Of as many fragments as one may have."""
    pixels = (struct.pack("<HH2sHI", 0x7FE0, 0x0010, b"OB", 0, UNDEFINED) + item(b"") + item(bytes(100)) * 99_990 +
              struct.pack("<HHI", 0xFFFE, 0xE0DD, 0))
    assert send(server, MP4, image(f"{STUDY}.1.1", pixels, study=STUDY, frames="100", sop_class=VIDEO_CLASS),
                sop_class=VIDEO_CLASS) == "0000"
    read_nothing(server, held, 300, f"/series/{STUDY}.1/instances/{STUDY}.1.1/rendered", "video/mp4")


def objects_by_c_get(server, held):
    keep_study(server, 10_000)
    query = Dataset()
    query.QueryRetrieveLevel, query.StudyInstanceUID = "STUDY", STUDY
    for _ in range(31):
        asks_and_reads_nothing(server, held, query, STUDY_GET, 0x10, CAPTURE)
    time.sleep(5)


CROWDS = (a_study, its_metadata, its_bulk_data, its_pictures, values_of_one_object, frames_of_one_object, a_video,
          objects_by_c_get)

if __name__ == "__main__":
    sys.exit(meet_each(CROWDS))
