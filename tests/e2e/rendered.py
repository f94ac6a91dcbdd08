#!/usr/bin/env python3
"""Pictures that the running program renders for a screen, beside the same by DCMTK's dcmj2pnm and,
for its lookup tables, pydicom.

    LUCERNA_BIN=... PYTHONPATH=.deps/python tests/e2e/rendered.py [TEST]
"""
import io
import re
import subprocess
import warnings
from email import message_from_bytes
from email.policy import HTTP

import numpy
from PIL import Image
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.pixels import (apply_color_lut, apply_modality_lut, apply_presentation_lut,
                            apply_voi_lut, pixel_array)
from pydicom.uid import ExplicitVRBigEndian

from pixels import LOSSY, PicturesKept, picture
from query_retrieve import SECONDARY_CAPTURE, made
from whole_program import SHARED, main

# Whoever rounds to bytes earlier or later is off by one; DCMTK's tables round twice.
MOST_OFF = 1
MOST_OFF_TWICE = 2
# A lossy picture's samples are off by themselves (see pixels.py), and a window spreads that.
MOST_OFF_LOSSY = 16

# What DCMTK shows in part, or by a guess.
REFUSED = {"MR_truncated.dcm": "PixelData", "badVR.dcm": "NumberOfFrames"}


def ramp(number, bits, is_signed=False, kind="MONOCHROME2", **values):
    """Samples over all that the bits can say, with what `values` set."""
    d = picture(number, kind, bits, is_signed, rows=64, columns=64)
    least = -(1 << (bits - 1)) if is_signed else 0
    samples = numpy.linspace(least, least + (1 << bits) - 1, 64 * 64).round()
    wide = d.BitsAllocated == 16
    d.PixelData = samples.astype(("<i" if is_signed else "<u") + ("2" if wide else "1")).tobytes()
    d["PixelData"].VR = "OW" if wide else "OB"
    for keyword, value in values.items():
        setattr(d, keyword, value)
    return d


def table(entries, first, bits, is_signed=False):
    item = Dataset()
    item.LUTDescriptor = [len(entries) % 65536, first, bits]
    item["LUTDescriptor"].VR = "SS" if is_signed else "US"
    item.LUTData = numpy.asarray(entries).astype("<u2").tobytes()
    item["LUTData"].VR = "OW"
    return item


def window(center, width, function=None):
    values = {"WindowCenter": center, "WindowWidth": width}
    return values if function is None else values | {"VOILUTFunction": function}


def grays():
    """What the header may say of how gray is shown (PS3.3 C.11.1, C.11.2, C.11.6)."""
    curve = 4095 * numpy.sqrt(numpy.arange(4096) / 4095)
    rescale = {"RescaleSlope": 2, "RescaleIntercept": -1024, "RescaleType": "HU"}
    return [
        *(ramp(0, bits, **window((1 << bits) / 2, (1 << bits))) for bits in range(2, 17)),
        *(ramp(0, bits, True, **window(10, 1 << (bits - 1))) for bits in (8, 10, 12, 16)),
        ramp(0, 12, **window(2048, 1)),
        ramp(0, 12, **window([1000, 3000], [500, 100])),
        ramp(0, 12, **window(2048, 1500, "SIGMOID")),
        ramp(0, 12, **window(2048, 1500, "LINEAR_EXACT")),
        ramp(0, 12, kind="MONOCHROME1", **window(2048, 1500)),
        ramp(0, 12, kind="MONOCHROME1", **window(2048, 1500, "SIGMOID")),
        ramp(0, 12, **rescale, **window(40, 400)),
        ramp(0, 12, True, **rescale, **window(40.5, 399.5)),
        ramp(0, 12, RescaleSlope=-0.5, RescaleIntercept=3, **window(-500, 700)),
        ramp(0, 12, VOILUTSequence=[table(curve, 0, 12)]),
        ramp(0, 12, VOILUTSequence=[table(curve[:1000], 1500, 12)]),
        ramp(0, 12, kind="MONOCHROME1", VOILUTSequence=[table(curve, 0, 12)]),
        ramp(0, 12, True, VOILUTSequence=[table(curve, -2048, 12, is_signed=True)]),
        ramp(0, 16, RescaleSlope=-1, RescaleIntercept=65535, VOILUTSequence=[table(curve, 40000, 12)]),
        ramp(0, 16, True, RescaleSlope=1, RescaleIntercept=32768,
             VOILUTSequence=[table(curve, 40000, 12)]),
        ramp(0, 16, VOILUTSequence=[table(numpy.arange(65536) ** 2 / 65535, 0, 16)]),
        ramp(0, 12, ModalityLUTSequence=[table(16 * curve[::-1], 0, 16)], **window(32000, 16000)),
        ramp(0, 12, PresentationLUTShape="INVERSE", **window(2048, 1500)),
        *(ramp(0, 12, kind=kind, **window(2048, 1500),
               PresentationLUTSequence=[table(numpy.arange(1024) ** 2 / 16, 0, 16)])
          for kind in ("MONOCHROME1", "MONOCHROME2")),
    ]


def colors():
    random = numpy.random.default_rng(7)
    palettes = []
    for bits, first in ((16, 0), (8, 0), (16, 20)):
        d = ramp(0, 8, kind="PALETTE COLOR")
        for color in ("Red", "Green", "Blue"):
            entries = random.integers(0, 1 << bits, 256 if first == 0 else 100)
            setattr(d, f"{color}PaletteColorLookupTableDescriptor", [len(entries), first, bits])
            setattr(d, f"{color}PaletteColorLookupTableData",
                    entries.astype("<u2" if bits == 16 else "<u1").tobytes())
        palettes.append(d)
    return [*palettes, picture(0, "RGB", 8), picture(0, "YBR_FULL", 8)]


def by_dcmtk(path, frame, *options):
    """None where it makes no picture."""
    out = path.with_suffix(".png")
    run = subprocess.run(["dcmj2pnm", "--write-png", "-O", "+F", str(frame), *options, path, out],
                         capture_output=True)
    if run.returncode != 0 or not out.exists():
        return None
    shown = numpy.asarray(Image.open(out))
    out.unlink()
    return shown


def by_pydicom(d):
    """What is shown of the whole range of the last table, as bytes."""
    modality = apply_modality_lut(pixel_array(d), d)
    shown = apply_voi_lut(modality, d).astype("f8")
    if "VOILUTSequence" in d:
        least, most = 0, (1 << int(d.VOILUTSequence[0].LUTDescriptor[2])) - 1
    elif "ModalityLUTSequence" in d:
        least, most = 0, (1 << int(d.ModalityLUTSequence[0].LUTDescriptor[2])) - 1
    else:
        signed = d.PixelRepresentation == 1
        least = -(1 << (d.BitsStored - 1)) if signed else 0
        most = least + (1 << d.BitsStored) - 1
        slope, intercept = float(d.get("RescaleSlope", 1)), float(d.get("RescaleIntercept", 0))
        least, most = sorted((least * slope + intercept, most * slope + intercept))
    if "PresentationLUTSequence" in d:
        return 255 * apply_presentation_lut(shown, d).astype("f8") / 65535
    shown = 255 * (shown - least) / (most - least)
    inverse = d.get("PresentationLUTShape") == "INVERSE" or (
        d.PhotometricInterpretation == "MONOCHROME1")
    return 255 - shown if inverse else shown


class Rendered(PicturesKept):
    def rendered(self, server, one, frame=1, query=""):
        status, headers, body = self.ask(
            server, f"{self.place(one)}/frames/{frame}/rendered{query}", Accept="image/png")
        self.assertEqual(status, 200, body[:300])
        self.assertEqual(headers["Content-Type"], "image/png")
        return numpy.asarray(Image.open(io.BytesIO(body)))

    def agree(self, ours, theirs, most):
        self.assertEqual(ours.shape, theirs.shape)
        off = numpy.abs(ours.astype("f8") - theirs)
        self.assertLessEqual(off.max(), most + 0.5 if theirs.dtype.kind == "f" else most)

    def numbered(self, pictures):
        for number, one in enumerate(pictures, 1):
            one.SOPInstanceUID = one.file_meta.MediaStorageSOPInstanceUID = f"2.999.1.1.{number}"
            yield one

    def test_gray_is_shown_as_others_show_it(self):
        server = self.serve()
        for one, path in self.keep(server, self.numbered(grays())):
            with self.subTest(number=one.SOPInstanceUID, kind=one.PhotometricInterpretation,
                              bits=one.BitsStored, signed=one.PixelRepresentation):
                ours = self.rendered(server, one)
                # pydicom turns the range over where the slope is negative.
                if one.get("RescaleSlope", 1) > 0:
                    self.agree(ours, by_pydicom(one), MOST_OFF)
                # DCMTK shows it as LINEAR, and without that table.
                if one.get("VOILUTFunction") == "LINEAR_EXACT" or "PresentationLUTSequence" in one:
                    continue
                how = ["+Wl", "1"] if "VOILUTSequence" in one else ["+Wi", "1"]
                self.agree(ours, by_dcmtk(path, 1, *how), MOST_OFF_TWICE)

    def test_gray_without_a_window_is_shown_alike_in_all_frames(self):
        def clip(bits, levels, **values):
            d = ramp(0, bits, **values)
            frames = [numpy.add.outer(numpy.arange(64), numpy.arange(64)) % 60 + level
                      for level in levels]
            d.NumberOfFrames = len(frames)
            d.PixelData = numpy.stack(frames).astype("<u2" if bits > 8 else "u1").tobytes()
            return d, frames

        eight, eights = clip(8, (20, 60, 100, 190))
        twelve, twelves = clip(12, (500, 900, 1700))
        inverse, inverses = clip(12, (500, 900), kind="MONOCHROME1")
        server = self.serve()
        kept = list(self.keep(server, self.numbered([eight, twelve, inverse])))
        for number, frame in enumerate(eights, 1):
            ours = self.rendered(server, eight, number)
            numpy.testing.assert_array_equal(ours, frame)
            numpy.testing.assert_array_equal(ours, by_dcmtk(kept[0][1], number))
        for one, frames, path in ((twelve, twelves, kept[1][1]), (inverse, inverses, kept[2][1])):
            least, most = numpy.min(frames), numpy.max(frames)
            for number in range(1, len(frames) + 1):
                # The range as a window that has the same ends (PS3.3 C.11.2.1.2.1).
                theirs = by_dcmtk(path, number, "+Ww", f"{(least + most + 1) / 2}",
                                  f"{most - least + 1}")
                self.agree(self.rendered(server, one, number), theirs, MOST_OFF_TWICE)

    def test_frames_of_a_list_come_as_parts(self):
        """As Python's email package takes them apart, each the picture that its own address gives."""
        one = ramp(0, 8)
        one.PixelData = b"".join(bytes([value]) * 64 * 64 for value in (10, 90, 200))
        one.NumberOfFrames = 3
        server = self.serve()
        (one, _), = self.keep(server, self.numbered([one]))
        place = self.place(one)
        for accept, kind in (('multipart/related; type="image/png"', "image/png"),
                             ("multipart/related; type=image/gif", "image/gif"), ("*/*", "image/jpeg")):
            status, headers, body = self.ask(server, place + "/frames/3,1/rendered", Accept=accept)
            self.assertEqual(status, 200, body[:300])
            whole = message_from_bytes(b"Content-Type: " + headers["Content-Type"].encode() +
                                       b"\r\n\r\n" + body, policy=HTTP)
            self.assertEqual((whole.get_content_type(), whole.get_param("type")), ("multipart/related", kind))
            for number, part in zip((3, 1), whole.iter_parts(), strict=True):
                self.assertEqual(part.get_content_type(), kind)
                place_of_part = f"{place}/frames/{number}/rendered"
                self.assertEqual(part["Content-Location"], server.url + place_of_part)
                _, _, alone = self.ask(server, place_of_part, Accept=kind)
                self.assertEqual(part.get_payload(decode=True), alone)
        for accept in ("image/png", "image/*"):
            self.assertEqual(self.ask(server, place + "/frames/3,1/rendered", Accept=accept)[0], 406)
        self.assertEqual(self.ask(server, place + "/frames/3,4/rendered")[0], 404)

    def test_wado_uri_refuses_frames_that_are_not_there(self):
        several, single = ramp(0, 8), ramp(0, 8)
        several.PixelData = several.PixelData * 2
        several.NumberOfFrames = 2
        server = self.serve()
        (several, _), (single, _) = self.keep(server, self.numbered([several, single]))
        for one, frame, wanted in ((several, "&frameNumber=2", 200), (several, "&frameNumber=3", 400),
                                   (several, "&frameNumber=0", 400), (several, "", 200), (single, "", 200),
                                   (single, "&frameNumber=1", 200), (single, "&frameNumber=2", 400)):
            status, _, _ = self.ask(
                server, f"/wado?requestType=WADO&studyUID={one.StudyInstanceUID}&seriesUID="
                f"{one.SeriesInstanceUID}&objectUID={one.SOPInstanceUID}{frame}")
            self.assertEqual(status, wanted, frame)

    def test_gray_of_one_value_is_as_bright_as_its_bits_say(self):
        def flat(bits, value, **values):
            d = ramp(0, bits, **values)
            d.PixelData = numpy.full(64 * 64, value, "<u2" if bits > 8 else "u1").tobytes()
            return d

        mask = flat(8, 255)
        mask.BitsAllocated = mask.BitsStored = 1
        mask.HighBit = 0
        mask.PixelData = b"\xff" * (64 * 64 // 8)
        expected = [(flat(8, 255), 255), (flat(8, 0), 0), (flat(8, 250), 250), (mask, 255),
                    (flat(8, 0, kind="MONOCHROME1"), 255), (flat(12, 4095), 255), (flat(12, 0), 0),
                    (flat(12, 2048), 128)]
        server = self.serve()
        pictures = list(self.numbered(one for one, _ in expected))
        for (one, _), (_, level) in zip(self.keep(server, pictures), expected):
            with self.subTest(bits=one.BitsStored, kind=one.PhotometricInterpretation, level=level):
                shown = self.rendered(server, one)
                self.assertEqual((shown.min(), shown.max()), (level, level))

    def test_gray_is_shown_where_its_window_or_rescale_cannot_be_used(self):
        """From the least value to the greatest; by the next window, where there is one."""
        whole = [
            window(100, 0), window(100, 0.5), window(100, -20), window([100, 200], [0, 0.9]),
            window(100, -20, "LINEAR_EXACT"), window(2000, 1000, "STEP"),
            {"WindowCenter": 100}, {"WindowWidth": 100},
            {"VOILUTSequence": [table([1, 2, 3], 0, 32)]},
            {"RescaleSlope": 0, "RescaleIntercept": 5}, {"RescaleIntercept": 5}, {"RescaleSlope": 3},
            {"ModalityLUTSequence": [table([1, 2, 3], 0, 32)]},
        ]
        next_one = [window([100, 2048], [0, 1000]), window([2048, 100], 1000),
                    window([2048, 100], [1000, 0]),
                    window(2048, 1000) | {"RescaleSlope": 0, "RescaleIntercept": 0},
                    window(2048 - 1024, 1000) | {"RescaleIntercept": -1024}]
        expected = [(ramp(0, 12, **values), window(2048, 4096)) for values in whole]
        expected += [(ramp(0, 12, **values), window(2048, 1000)) for values in next_one]
        server = self.serve()
        kept = self.keep(server, list(self.numbered(one for one, _ in expected)))
        for (one, _), (_, like) in zip(kept, expected):
            with self.subTest(number=one.SOPInstanceUID, like=like):
                self.agree(self.rendered(server, one), by_pydicom(ramp(0, 12, **like)), MOST_OFF)
                status, headers, body = self.ask(server, self.place(one) + "/thumbnail")
                self.assertEqual((status, headers["Content-Type"]), (200, "image/jpeg"), body[:300])

    def test_color_is_shown_as_others_show_it(self):
        server = self.serve()
        for one, path in self.keep(server, self.numbered(colors())):
            with self.subTest(number=one.SOPInstanceUID, kind=one.PhotometricInterpretation):
                self.agree(self.rendered(server, one), by_dcmtk(path, 1), MOST_OFF_TWICE)

    def test_segmented_palettes_are_shown_as_pydicom_shows_them(self):
        d = ramp(0, 8, kind="PALETTE COLOR")
        for first, color in enumerate(("Red", "Green", "Blue")):
            # Three values, a line of 100, both again, another line of 50.
            words = [0, 3, 100 * first, 9000, 500, 1, 100, 65535, 2, 2, 0, 0, 1, 50, 1000 * first]
            setattr(d, f"{color}PaletteColorLookupTableDescriptor", [256, 0, 16])
            delattr(d, f"{color}PaletteColorLookupTableData")
            setattr(d, f"Segmented{color}PaletteColorLookupTableData",
                    numpy.array(words, "<u2").tobytes())
        server = self.serve()
        for one, _ in self.keep(server, [d]):
            expected = apply_color_lut(pixel_array(one), one) >> 8
            self.agree(self.rendered(server, one), expected, MOST_OFF)

    def test_a_window_that_is_asked_for_is_shown_as_others_show_it(self):
        server = self.serve()
        pictures = [ramp(0, 12, **window(100, 10)), ramp(0, 12, True, RescaleSlope=2,
                                                         RescaleIntercept=-1024)]
        for one, path in self.keep(server, self.numbered(pictures)):
            for function, option in (("linear", "+Wfl"), ("sigmoid", "+Wfs")):
                ours = self.rendered(server, one, query=f"?window=-300,900,{function}")
                theirs = by_dcmtk(path, 1, "+Ww", "-300", "900", option)
                self.agree(ours, theirs, MOST_OFF_TWICE)

    def test_a_region_that_is_asked_for_is_shown_as_others_show_it(self):
        server = self.serve()
        pictures = [ramp(0, 12, **window(2048, 3000)), picture(0, "RGB", 8, rows=64, columns=64)]
        for one, path in self.keep(server, self.numbered(pictures)):
            how = ["+Wi", "1"] if one.SamplesPerPixel == 1 else []
            for query, flips in (("5,7,20,30", []), ("5,7,-20,30", ["+Lh"]), ("5,7,20,-30", ["+Lv"])):
                ours = self.rendered(server, one, query=f"?viewport=20,30,{query}")
                theirs = by_dcmtk(path, 1, *how, "+C", "5", "7", "20", "30", *flips)
                self.agree(ours, theirs, MOST_OFF_TWICE)
            self.assertEqual(self.rendered(server, one, query="?viewport=100,130").shape[:2], (100, 100))

    def test_gifs_show_what_pngs_show(self):
        server = self.serve()
        few = picture(0, "RGB", 8, rows=64, columns=64)
        few.PixelData = (numpy.frombuffer(few.PixelData, "u1") // 64 * 64).tobytes()
        many = picture(0, "RGB", 8, rows=64, columns=64)
        gray = ramp(0, 12, **window(2048, 4096))
        for one, _ in self.keep(server, self.numbered([gray, few, many])):
            status, headers, body = self.ask(server, self.place(one) + "/rendered",
                                             Accept="image/gif")
            self.assertEqual((status, headers["Content-Type"]), (200, "image/gif"))
            shown = numpy.asarray(Image.open(io.BytesIO(body)).convert("RGB")).astype(int)
            exact = self.rendered(server, one)
            exact = exact if exact.ndim == 3 else numpy.repeat(exact[:, :, None], 3, 2)
            off = numpy.abs(shown - exact).mean()
            self.assertLessEqual(off, 25 if one is many else 4 if one is few else 0)

    def reports(self):
        """Files of reports: our own, and those of the collections."""
        own = made(1, 1, 1, sop_class="1.2.840.10008.5.1.4.1.1.88.11", Modality="SR",
                   ValueType="CONTAINER", ContinuityOfContent="SEPARATE",
                   CompletionFlag="COMPLETE", VerificationFlag="UNVERIFIED")
        for keyword in ("PixelData", "Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit",
                        "PixelRepresentation", "SamplesPerPixel", "PhotometricInterpretation"):
            delattr(own, keyword)

        def name(code, meaning):
            item = Dataset()
            item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = code, "DCM", meaning
            return [item]
        own.ConceptNameCodeSequence = name("121070", "Findings")
        text = Dataset()
        text.RelationshipType, text.ValueType, text.TextValue = "CONTAINS", "TEXT", "Größe < 5 mm"
        text.ConceptNameCodeSequence = name("121071", "Finding")
        own.ContentSequence = [text]
        path = self.folder / "report.dcm"
        own.save_as(path, enforce_file_format=True)
        yield path
        yield from sorted((SHARED / "dicom").rglob("*[Ss][Rr]*.dcm"))
        yield from sorted((SHARED / "dicom").rglob("report*.dcm"))

    def test_reports_are_shown_as_dcmtk_shows_them(self):
        server = self.serve()
        compared = 0
        for path in self.reports():
            plain = subprocess.run(["dsrdump", "+U8", "+Pl", path], capture_output=True)
            xml = subprocess.run(["dsr2xml", "+U8", "+Wt", path], capture_output=True)
            if plain.returncode != 0 or self.post(server, path.read_bytes()) != 200:
                continue
            place = self.place(dcmread(path)) + "/rendered"
            answers = {}
            for kind in ("text/html", "text/plain", "text/xml"):
                status, headers, answers[kind] = self.ask(server, place, Accept=kind)
                self.assertEqual(status, 200, answers[kind])
                self.assertEqual(headers["Content-Type"], kind + "; charset=utf-8")
            self.assertEqual(self.ask(server, place, Accept="*/*")[2], answers["text/html"])
            self.assertEqual(self.ask(server, place, Accept="image/jpeg")[0], 406)
            self.assertEqual(answers["text/plain"].split(), plain.stdout.split(), path)
            ours, theirs = (re.sub(rb' (id|ref)="\d+"', b"", text).split()  # other numbers
                            for text in (answers["text/xml"], xml.stdout))
            self.assertEqual(ours, theirs, path)
            self.assertNotIn(b"dicom.cgi", answers["text/html"])
            compared += 1
            if compared == 1:
                self.assertIn("Größe &lt; 5 mm".encode(), answers["text/html"])
        self.assertGreaterEqual(compared, 2 if (SHARED / "dicom").is_dir() else 1)

    def shown_by(self, d):
        """DCMTK's options and our query: as the header says, or the same window for both."""
        if not str(d.get("PhotometricInterpretation", "")).startswith("MONOCHROME"):
            return [], ""
        if "VOILUTSequence" in d:
            return ["+Wl", "1"], ""
        if d.get("WindowCenter") not in (None, ""):
            return ["+Wi", "1"], ""
        least = -(1 << (d.BitsStored - 1)) if d.PixelRepresentation == 1 else 0
        try:
            values = apply_modality_lut(pixel_array(d), d)
            least, most = float(values.min()), float(values.max())
        except Exception:  # pydicom decodes fewer than either.
            most = least + (1 << d.BitsStored)
        center, width = (least + most) / 2, max(most - least, 2)
        return ["+Ww", f"{center}", f"{width}"], f"?window={center},{width}"

    def test_every_file_of_the_collections_is_shown_as_dcmtk_shows_it(self):
        if not (SHARED / "dicom").is_dir():
            self.skipTest("skipped: no shared data (dicom)")
        server = self.serve()
        compared = {}
        for number, path in enumerate(sorted((SHARED / "dicom").rglob("*")), 1):
            copy = self.folder / "copy.dcm"
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    d = dcmread(path)
                    d.StudyInstanceUID, d.SeriesInstanceUID = f"2.999.7.{number}", "2.999.7.1"
                    d.SOPInstanceUID = f"2.999.7.{number}.1"
                    d.file_meta.MediaStorageSOPInstanceUID = d.SOPInstanceUID
                    if "SOPClassUID" not in d:
                        d.SOPClassUID = d.file_meta.MediaStorageSOPClassUID = SECONDARY_CAPTURE
                    syntax = d.file_meta.TransferSyntaxUID
                    d.save_as(copy, enforce_file_format=True)
            except Exception:  # No DICOM file, or none that pydicom writes.
                continue
            if syntax == ExplicitVRBigEndian and d.get("BitsAllocated") == 32:
                continue  # DCMTK takes the halves of a sample the other way round.
            how, query = self.shown_by(d)
            theirs = by_dcmtk(copy, 1, *how)
            if theirs is None:
                continue
            with self.subTest(file=str(path.relative_to(SHARED)), syntax=syntax.name):
                self.assertEqual(self.post(server, copy.read_bytes()), 200)
                place = f"{self.place(d)}/frames/1/rendered{query}"
                status, _, body = self.ask(server, place, Accept="image/png")
                if path.name in REFUSED:
                    self.assertEqual(status, 409)
                    self.assertIn(REFUSED[path.name].encode(), body)
                    continue
                self.assertEqual(status, 200, body[:300])
                most = MOST_OFF_LOSSY if syntax in LOSSY else MOST_OFF_TWICE
                self.agree(numpy.asarray(Image.open(io.BytesIO(body))), theirs, most)
                compared[syntax.name] = compared.get(syntax.name, 0) + 1
        self.assertGreater(sum(compared.values()), 100, compared)


if __name__ == "__main__":
    main("Rendered")
