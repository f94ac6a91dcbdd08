#!/usr/bin/env python3
"""Wraps 16-bit PNG pictures named *_R-CC.png, *_L-MLO.png and so on as DICOM mammograms of one
study (Digital Mammography X-Ray Image - For Presentation).

    wrap_ffdm.py FOLDER_OF_PNG OUT [SPACING_MM]
"""
import pathlib
import sys

from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

SOP_CLASS = "1.2.840.10008.5.1.4.1.1.1.2"
VIEW_CODES = {"CC": ("399162004", "cranio-caudal"), "MLO": ("399368009", "medio-lateral oblique")}
ORIENTATION = {"R-CC": ["P", "L"], "L-CC": ["A", "R"], "R-MLO": ["P", "FL"], "L-MLO": ["A", "FR"]}


def chest_wall_on_the_right(pixels, columns):
    """Whether the last column holds more breast than the first."""
    left = sum(pixels[0::columns]) + sum(pixels[1::columns])
    right = sum(pixels[columns - 1::columns]) + sum(pixels[columns - 2::columns])
    return right > left


def wrapped(path, study, series, number, spacing):
    view = path.stem.split("_")[1]
    laterality, position = view.split("-")
    image = Image.open(path)
    columns, rows = image.size
    samples = image.tobytes()
    values = memoryview(samples).cast("H") if image.mode == "I;16" else image.getdata()
    if image.mode != "I;16":
        samples = b"".join(int(value).to_bytes(2, "little") for value in values)
    on_the_right = chest_wall_on_the_right(list(values), columns)
    # (0020,0020): rows run away from the chest wall, or towards it.
    rows_run = "P" if not on_the_right else "A"
    rows_run = {"P": "A", "A": "P"}[rows_run]

    d = Dataset()
    d.file_meta = FileMetaDataset()
    d.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    d.SOPClassUID = d.file_meta.MediaStorageSOPClassUID = SOP_CLASS
    d.SOPInstanceUID = d.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    d.StudyInstanceUID, d.SeriesInstanceUID = study, series
    d.Modality, d.PresentationIntentType = "MG", "FOR PRESENTATION"
    d.PatientName, d.PatientID = "Public^Collection", "FFDM-EXAM"
    d.StudyDate, d.StudyTime, d.StudyID, d.AccessionNumber = "20200101", "080000", "1", ""
    d.ImageLaterality, d.ViewPosition, d.InstanceNumber = laterality, position, number
    d.PatientOrientation = [rows_run, "F" if position == "MLO" else ("L" if laterality == "R" else "R")]
    code = Dataset()
    code.CodeValue, code.CodeMeaning = VIEW_CODES[position]
    code.CodingSchemeDesignator = "SCT"
    code.ViewModifierCodeSequence = Sequence()
    d.ViewCodeSequence = Sequence([code])
    d.ImagerPixelSpacing = [spacing, spacing]
    d.Rows, d.Columns, d.SamplesPerPixel = rows, columns, 1
    d.PhotometricInterpretation, d.PresentationLUTShape = "MONOCHROME2", "IDENTITY"
    d.BitsAllocated, d.BitsStored, d.HighBit, d.PixelRepresentation = 16, 16, 15, 0
    d.WindowCenter, d.WindowWidth = max(values) / 2, max(values)
    d.RescaleIntercept, d.RescaleSlope, d.RescaleType = 0, 1, "US"
    d.BurnedInAnnotation, d.BreastImplantPresent = "NO", "NO"
    d.PixelData = samples
    return view, d


def main():
    source, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    spacing = float(sys.argv[3]) if len(sys.argv) > 3 else 0.1
    out.mkdir(parents=True, exist_ok=True)
    study, series = generate_uid(), generate_uid()
    pictures = sorted(p for p in source.glob("*.png") if len(p.stem.split("_")) == 2)
    for number, path in enumerate(pictures, 1):
        view, data_set = wrapped(path, study, series, number, spacing)
        data_set.is_little_endian, data_set.is_implicit_VR = True, False
        data_set.save_as(out / f"{view}.dcm", write_like_original=False)
    print(study)


if __name__ == "__main__":
    main()
