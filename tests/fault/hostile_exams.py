#!/usr/bin/env python3
"""Sends a running `lucerna serve` exams that are to be read and are none that a mammograph makes: of hundreds of
images, with values of hundreds of megabytes in them or beside them, deflated ones that inflate to as much.

    LUCERNA_BIN=... PYTHONPATH=.deps/python:tests/e2e:tests/fault tests/fault/hostile_exams.py [NAME]

A new server for each, which has read a usual exam before. Each exam is settled, that of somebody else is read
after it, and the server does not grow by 100 MB beyond what the usual one took.
"""
import pathlib
import signal
import sys

from pydicom import dcmread
from pydicom.uid import DeflatedExplicitVRLittleEndian, generate_uid

from hostile_senders import MOST_GROWTH_KIB, Growth
from in_turn import in_turn
from whole_program import Server, phantom, wait_for


class Exam:
    """What a phantom's images become."""

    def __init__(self, folder, seed=3):
        self.folder = pathlib.Path(folder)
        self.images = [dcmread(path) for path in phantom(str(self.folder / "images"), seed)]
        self.count = 0

    def write(self, image, syntax=None):
        self.count += 1
        path = self.folder / f"{self.count}.dcm"
        image.save_as(path)
        if syntax == DeflatedExplicitVRLittleEndian:
            image.file_meta.TransferSyntaxUID = syntax
            image.save_as(path)
        return str(path)

    def copy_of(self, number):
        image = dcmread(self.images[number].filename)
        image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        return image


def a_usual_one(exam):
    return [exam.write(image) for image in exam.images]


def of_the_same_view(exam):
    return [exam.write(exam.copy_of(0)) for _ in range(200)]


def of_no_view(exam):
    files = []
    for _ in range(150):
        image = exam.copy_of(0)
        for keyword in ("ViewCodeSequence", "ViewPosition", "ImageLaterality", "Laterality", "PatientOrientation"):
            if keyword in image:
                delattr(image, keyword)
        files.append(exam.write(image))
    return files


def of_wrong_views(exam):
    """Each refused, and drawn nevertheless."""
    files = []
    for _ in range(150):
        image = exam.copy_of(0)
        image.EstimatedRadiographicMagnificationFactor = "1.8"
        files.append(exam.write(image))
    return files


def with_a_large_value(exam, size=300_000_000, syntax=None):
    image = exam.images[0]
    block = image.private_block(0x0009, "MINE", create=True)
    block.add_new(1, "OB", bytes(size))
    return [exam.write(one, syntax if one is image else None) for one in exam.images]


def that_inflates(exam):
    return with_a_large_value(exam, 200_000_000, DeflatedExplicitVRLittleEndian)


def with_something_large_beside_it(exam):
    other = exam.copy_of(0)
    other.SOPClassUID = other.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.66"  # raw data
    other.Modality = "OT"
    for keyword in ("PixelData", "Rows", "Columns"):
        delattr(other, keyword)
    block = other.private_block(0x0009, "MINE", create=True)
    block.add_new(1, "OB", bytes(300_000_000))
    return [exam.write(image) for image in exam.images] + [exam.write(other)]


EXAMS = (of_the_same_view, of_no_view, of_wrong_views, with_a_large_value, that_inflates,
         with_something_large_beside_it)


def settle(make, folder):
    """The problems."""
    server = Server(folder / "data", "--set", "quiet_seconds=1")
    try:
        growth = Growth(server)
        usual = Exam(folder / "usual", 4)
        assert server.store(a_usual_one(usual)).returncode == 0
        state = server.read_exam(usual.images[0].PatientID)["state"]
        assert state == "read", state
        usual_peak = growth.peak()
        exam = Exam(folder / "exam")
        files = make(exam)
        for begin in range(0, len(files), 50):
            assert server.store(files[begin:begin + 50]).returncode == 0
        settled = server.read_exam(exam.images[0].PatientID)
        more = growth.peak() - usual_peak
        print(f"{more >> 10:4} MB more, {settled['state']:8} {make.__name__.replace('_', ' ')}", flush=True)
        if server.process.poll() is not None:
            return ["the server ended"]
        after = Exam(folder / "after", 5)
        assert server.store(a_usual_one(after)).returncode == 0
        state = server.read_exam(after.images[0].PatientID)["state"]
        return [f"{more >> 10} MB of growth"] * (more > MOST_GROWTH_KIB) + [f"the next was {state}"] * (state != "read")
    finally:
        if server.process.poll() is None:
            server.end(signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(in_turn(EXAMS, settle, "each was settled"))
