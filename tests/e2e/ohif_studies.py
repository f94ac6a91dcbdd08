#!/usr/bin/env python3
"""Makes a study of each kind that an archive for screening meets beside mammograms, and says which.

    PYTHONPATH=.deps/python tests/e2e/ohif_studies.py FOLDER [COLLECTION]

Writes FOLDER/*.dcm and prints a JSON list of {study, description, ofOthers}. COLLECTION is a folder of DICOM files
of others, of which an image of each transfer syntax and modality is taken.
"""
import json
import pathlib
import subprocess
import sys

import numpy
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (CTImageStorage, ComputedRadiographyImageStorage, ExplicitVRLittleEndian,
                         MultiFrameGrayscaleByteSecondaryCaptureImageStorage,
                         SecondaryCaptureImageStorage, UltrasoundImageStorage, generate_uid)

SIZE = 64
# What this viewer shows otherwise than as a picture, or (uncompressed YBR_FULL_422) as a black one.
NOT_DRAWN = ("SEG", "SM", "RTDOSE")
# Bright nearly everywhere, so that black is a failure.
RAMP = numpy.linspace(60, 250, SIZE * SIZE).reshape(SIZE, SIZE)


def picture(description, modality, sop_class, samples, **attributes):
    d = Dataset()
    d.file_meta = FileMetaDataset()
    d.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    d.SOPClassUID, d.SOPInstanceUID = sop_class, generate_uid()
    d.StudyInstanceUID, d.SeriesInstanceUID = generate_uid(), generate_uid()
    d.PatientName, d.PatientID, d.StudyDescription = "Test^Viewer", "VIEWER-1", description
    d.StudyDate, d.StudyTime, d.StudyID, d.AccessionNumber = "20260301", "101500", "1", ""
    if modality is not None:
        d.Modality = modality
    d.SeriesNumber, d.InstanceNumber = 1, 1
    d.Rows = d.Columns = SIZE
    d.SamplesPerPixel, d.PhotometricInterpretation, d.PixelRepresentation = 1, "MONOCHROME2", 0
    d.BitsAllocated, d.BitsStored, d.HighBit = 8, 8, 7
    for keyword, value in attributes.items():
        setattr(d, keyword, value)
    d.PixelData = samples.tobytes()
    d["PixelData"].VR = "OB" if d.BitsAllocated == 8 else "OW"
    return [d]


def slices():
    first = picture("Three slices", "CT", CTImageStorage, (RAMP - 1100).astype("<i2"),
                    BitsAllocated=16, BitsStored=16, HighBit=15, PixelRepresentation=1,
                    RescaleSlope=1, RescaleIntercept=0, WindowCenter=-1000, WindowWidth=400,
                    ImageOrientationPatient=[1, 0, 0, 0, 1, 0], PixelSpacing=[1, 1],
                    FrameOfReferenceUID=generate_uid(), ImagePositionPatient=[0, 0, 0])[0]
    made = [first]
    for number in (2, 3):
        other = pydicom.Dataset(first)
        other.file_meta = FileMetaDataset(first.file_meta)
        other.SOPInstanceUID, other.InstanceNumber = generate_uid(), number
        other.ImagePositionPatient = [0, 0, number]
        made.append(other)
    return made


def color(description, interpretation):
    """Of one color all over: a warm gray, or another in YCbCr."""
    samples = numpy.tile(numpy.array([200, 140, 120], "u1"), SIZE * SIZE)
    return picture(description, "US", UltrasoundImageStorage, samples, SamplesPerPixel=3,
                   PhotometricInterpretation=interpretation, PlanarConfiguration=0)


def palette():
    table = numpy.linspace(80, 255, 256).astype(int) * 257
    return picture("By a palette", "OT", SecondaryCaptureImageStorage, RAMP.astype("u1"),
                   PhotometricInterpretation="PALETTE COLOR",
                   **{f"{name}PaletteColorLookupTableDescriptor": [256, 0, 16]
                      for name in ("Red", "Green", "Blue")},
                   **{f"{name}PaletteColorLookupTableData": table.astype("<u2").tobytes()
                      for name in ("Red", "Green", "Blue")})


def with_japanese_name():
    made = picture("胸部", "CR", ComputedRadiographyImageStorage, RAMP.astype("u1"),
                   SpecificCharacterSet=["", "ISO 2022 IR 87"])
    made[0].PatientName = "Yamada^Tarou=山田^太郎=やまだ^たろう"
    return made


def compressed():
    return picture("JPEG-LS", "CR", ComputedRadiographyImageStorage, RAMP.astype("u1"))


STUDIES = (
    slices(),
    color("Color", "RGB"),
    color("Color in YCbCr", "YBR_FULL"),
    palette(),
    picture("Inverse", "CR", ComputedRadiographyImageStorage, (255 - RAMP).astype("u1"),
            PhotometricInterpretation="MONOCHROME1"),
    picture("Without a modality", None, SecondaryCaptureImageStorage, RAMP.astype("u1")),
    picture("Several frames", "OT", MultiFrameGrayscaleByteSecondaryCaptureImageStorage,
            numpy.stack([RAMP, RAMP, RAMP]).astype("u1"), NumberOfFrames=3, FrameTime=100,
            FrameIncrementPointer=0x00181063),
    with_japanese_name(),
    compressed(),
)


def of_others(collection, folder):
    """An image of each transfer syntax and of each modality."""
    taken, seen = {}, set()
    for file in sorted(collection.rglob("*.dcm")):
        try:
            d = pydicom.dcmread(file, stop_before_pixels=True)
            keys = {d.file_meta.TransferSyntaxUID, d.get("Modality")}
            uid = d.StudyInstanceUID
        except (AttributeError, pydicom.errors.InvalidDicomError):
            continue
        is_black = (d.get("PhotometricInterpretation") == "YBR_FULL_422" and
                    not d.file_meta.TransferSyntaxUID.is_compressed)
        if ("Rows" not in d or not uid or uid in taken or keys <= seen or is_black or
                d.get("Modality") in NOT_DRAWN):
            continue
        seen |= keys
        taken[uid] = d.get("StudyDescription", "")
        (folder / f"other-{len(taken):03}.dcm").write_bytes(file.read_bytes())
    return [{"study": uid, "description": str(text), "ofOthers": True}
            for uid, text in taken.items()]


def main():
    folder = pathlib.Path(sys.argv[1])
    said = []
    for number, study in enumerate(STUDIES):
        for at, one in enumerate(study):
            file = folder / f"{number:02}-{at}.dcm"
            one.save_as(file, enforce_file_format=True)
            if one.StudyDescription == "JPEG-LS":
                subprocess.run(["dcmcjpls", file, file], check=True)
        said.append({"study": study[0].StudyInstanceUID,
                     "description": str(study[0].StudyDescription)})
    if len(sys.argv) > 2:
        said += of_others(pathlib.Path(sys.argv[2]), folder)
    print(json.dumps(said))


if __name__ == "__main__":
    main()
