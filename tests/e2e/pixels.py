#!/usr/bin/env python3
"""Pixels that the running program compresses or decodes, beside what other people's programs make of
them: pydicom with pylibjpeg's plugins (libjpeg, OpenJPEG), DCMTK's tools, pynetdicom.

    LUCERNA_BIN=... PYTHONPATH=.deps/python tests/e2e/pixels.py [TEST]
"""
import io
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import threading
import unittest
import urllib.error
import urllib.request
import warnings
from email import message_from_bytes
from email.policy import HTTP

import numpy
from PIL import Image
from pydicom import dcmread
from pydicom.encaps import encapsulate
from pydicom.pixels import pixel_array
from pydicom.uid import (
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)
from pynetdicom import AE, build_role, evt

from query_retrieve import SECONDARY_CAPTURE, STUDY_GET, STUDY_MOVE, free_port, keys, made
from whole_program import PATIENCE, SHARED, Server, dciodvfy_errors, main

LOSSLESS = [JPEGLSLossless, HTJ2KLossless, JPEG2000Lossless, JPEGLosslessSV1, RLELossless]
MEDIA_TYPES = {JPEGLSLossless: "image/jls", HTJ2KLossless: "image/jphc",
               JPEG2000Lossless: "image/jp2", JPEGLosslessSV1: "image/jpeg",
               RLELossless: "image/dicom-rle"}
# DCMTK's own decoders; +cn: colors as they are.
DCMTK = {JPEGLSLossless: ["dcmdjpls"], JPEGLosslessSV1: ["dcmdjpeg", "+cn"], RLELossless: ["dcmdrle"]}
IMAGE_PARTS = 'multipart/related; type="image/*"'
OCTETS = 'multipart/related; type="application/octet-stream"'
LOSSY_JPEG = {"1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.53",
              "1.2.840.10008.1.2.4.55"}
LOSSY = LOSSY_JPEG | {"1.2.840.10008.1.2.4.81", "1.2.840.10008.1.2.4.91", "1.2.840.10008.1.2.4.203"}
# Decoders may round the inverse transform in their own way (ITU-T T.83 allows 1), and upsample colors
# and take them to RGB in their own way: what was seen is 1 and 12.
MOST_OFF = 1
MOST_OFF_COLORS = 16
MEAN_OFF = 0.25


def picture(number, kind, bits, is_signed=False, frames=1, rows=21, columns=15):
    """An image whose samples use every bit."""
    samples = 3 if kind in ("RGB", "YBR_FULL") else 1
    random = numpy.random.default_rng(number)
    least = -(1 << (bits - 1)) if is_signed else 0
    values = random.integers(least, least + (1 << bits), (frames, rows, columns, samples))
    values[:, : rows // 2] = (numpy.arange(columns)[:, None] * 3) % (1 << bits) + least
    wide = bits > 8
    d = made(1, 1, number, sop_class=SECONDARY_CAPTURE, Rows=rows, Columns=columns,
             SamplesPerPixel=samples, PhotometricInterpretation=kind,
             BitsAllocated=16 if wide else 8, BitsStored=bits, HighBit=bits - 1,
             PixelRepresentation=int(is_signed), Modality="OT", ConversionType="WSD")
    if samples > 1:
        d.PlanarConfiguration = 0
    if frames > 1:
        d.NumberOfFrames = frames
    if kind == "PALETTE COLOR":
        for color in ("Red", "Green", "Blue"):
            setattr(d, f"{color}PaletteColorLookupTableDescriptor", [256, 0, 16])
            setattr(d, f"{color}PaletteColorLookupTableData", bytes(512))
    data = values.astype(("<i" if is_signed else "<u") + ("2" if wide else "1")).tobytes()
    d.PixelData = data + b"\0" * (len(data) % 2)
    d["PixelData"].VR = "OW" if wide else "OB"
    return d


def pictures():
    made_of = [("MONOCHROME2", bits, False) for bits in range(1, 17)]
    made_of += [("MONOCHROME2", bits, True) for bits in (8, 10, 12, 13, 16)]
    made_of += [("MONOCHROME1", 12, False, 3), ("PALETTE COLOR", 8, False, 2), ("RGB", 8, False),
                ("RGB", 8, False, 3), ("YBR_FULL", 8, False, 2), ("MONOCHROME2", 16, True, 3),
                ("MONOCHROME2", 11, False, 1, 1, 1), ("MONOCHROME2", 11, False, 1, 1, 90)]
    return [picture(number, *one) for number, one in enumerate(made_of, 1)]


def samples_of(path):
    """Frames x rows x columns x samples as they are stored, only the value's bits."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        d = dcmread(path)
        raw = str(d.file_meta.TransferSyntaxUID) not in LOSSY_JPEG
        array = pixel_array(d, raw=raw)
    array = array.reshape(int(d.get("NumberOfFrames", 1) or 1), d.Rows, d.Columns, -1)
    if array.dtype.kind not in "iu" or d.BitsAllocated == 1 or not raw:
        return array
    unused = 8 * array.dtype.itemsize - d.BitsStored
    if d.file_meta.TransferSyntaxUID.is_encapsulated and d.BitsStored != d.HighBit + 1:
        return array
    # Overlays may lie above the value, or the value above other bits.
    shift = 8 * array.dtype.itemsize - 1 - d.HighBit
    return numpy.right_shift(numpy.left_shift(array, shift), unused)


# How DCMTK compresses (true lossless, all bits of a cell) and decodes again.
BY_DCMTK = [(["dcmcjpls"], "dcmdjpls"), (["dcmcjpeg", "+e1"], "dcmdjpeg"), (["dcmcrle"], "dcmdrle")]
OVERLAY_BIT = 12


def twelve_bits(number, is_signed, has_overlay):
    """A CT's values in 12 of 16 bits, signs not carried on, with or without an overlay above them."""
    rows, columns = 64, 48
    least = -2048 if is_signed else 0
    values = numpy.linspace(least, least + 4095, rows * columns).round().astype(int)
    cells = (values & 0xFFF).reshape(rows, columns)
    d = made(1, 1, number, Rows=rows, Columns=columns, BitsAllocated=16, BitsStored=12, HighBit=11,
             PixelRepresentation=int(is_signed), WindowCenter=least + 2048, WindowWidth=4096)
    if has_overlay:
        cells[10:20, 10:20] |= 1 << OVERLAY_BIT
        d.add_new(0x60000010, "US", rows)
        d.add_new(0x60000011, "US", columns)
        d.add_new(0x60000040, "CS", "G")
        d.add_new(0x60000050, "SS", [1, 1])
        d.add_new(0x60000100, "US", 16)
        d.add_new(0x60000102, "US", OVERLAY_BIT)
    d.PixelData = cells.astype("<u2").tobytes()
    d["PixelData"].VR = "OW"
    return d


def cells_of(path):
    """All 16 bits of a frame, whatever of them is the value, by DCMTK's decoder or pydicom's."""
    syntax = dcmread(path, stop_before_pixels=True).file_meta.TransferSyntaxUID
    if syntax in DCMTK:
        plain = path.with_suffix(".plain")
        subprocess.run([*DCMTK[syntax], path, plain], check=True)
        path = plain
    d = dcmread(path)
    array = pixel_array(d, raw=True) if d.file_meta.TransferSyntaxUID.is_encapsulated else (
        numpy.frombuffer(d.PixelData, "<u2").reshape(d.Rows, d.Columns))
    return array.astype("<u2")


class PicturesKept(unittest.TestCase):
    """What tests need that send pictures to a server and ask for them again."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="lucerna-pixels-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def serve(self, *options):
        server = Server(os.path.join(self.folder, "data"), "--set", "quiet_seconds=86400", *options)
        self.addCleanup(lambda: server.process.poll() is None and server.end(signal.SIGKILL))
        return server

    def ask(self, server, path, body=None, **headers):
        request = urllib.request.Request(
            server.url + path, data=body,
            headers={name.replace("_", "-"): value for name, value in headers.items()})
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.headers, refused.read()

    def post(self, server, file):
        body = b"--b\r\nContent-Type: application/dicom\r\n\r\n" + file + b"\r\n--b--\r\n"
        return self.ask(server, "/dicom-web/studies", body, Accept="application/dicom+json",
                        Content_Type='multipart/related; type="application/dicom"; boundary=b')[0]

    def keep(self, server, objects):
        for number, one in enumerate(objects):
            path = self.folder / f"{number}.dcm"
            one.save_as(path, enforce_file_format=True)
            self.assertEqual(self.post(server, path.read_bytes()), 200)
            yield one, path

    @staticmethod
    def place(one):
        return (f"/dicom-web/studies/{one.StudyInstanceUID}/series/{one.SeriesInstanceUID}"
                f"/instances/{one.SOPInstanceUID}")


class Pixels(PicturesKept):
    def fetched(self, server, one, syntax):
        status, headers, body = self.ask(server, self.place(one),
                                         Accept=f"application/dicom; transfer-syntax={syntax}")
        self.assertEqual(status, 200, body)
        self.assertIn(syntax, headers["Content-Type"])
        path = self.folder / "fetched.dcm"
        path.write_bytes(body)
        self.assertEqual(dcmread(path, stop_before_pixels=True).file_meta.TransferSyntaxUID, syntax)
        return path

    def test_others_read_what_is_compressed(self):
        server = self.serve()
        for one, stored in self.keep(server, pictures()):
            expected = samples_of(stored)
            complaints = set(dciodvfy_errors(stored))
            for syntax in LOSSLESS:
                with self.subTest(syntax=syntax.name, kind=one.PhotometricInterpretation,
                                  bits=one.BitsStored, signed=one.PixelRepresentation,
                                  frames=one.get("NumberOfFrames", 1)):
                    path = self.fetched(server, one, syntax)
                    numpy.testing.assert_array_equal(samples_of(path), expected)
                    if syntax in DCMTK:
                        plain = self.folder / "plain.dcm"
                        subprocess.run([*DCMTK[syntax], path, plain], check=True)
                        numpy.testing.assert_array_equal(samples_of(plain), expected)
                    # dicom3tools knows high-throughput JPEG 2000 only in later versions.
                    if syntax != HTJ2KLossless:
                        self.assertLessEqual(set(dciodvfy_errors(path)), complaints)

    def compressed_by_dcmtk(self, one):
        """The object as it is and by each of DCMTK's tools, each an instance of its own."""
        plain = self.folder / "plain.dcm"
        one.save_as(plain, enforce_file_format=True)
        yield one, None
        for number, (tool, back) in enumerate(BY_DCMTK, 1):
            path = self.folder / "compressed.dcm"
            subprocess.run([*tool, plain, path], check=True)
            d = dcmread(path)
            d.SOPInstanceUID = d.file_meta.MediaStorageSOPInstanceUID = (
                f"{one.SOPInstanceUID}.{number}")
            yield d, back

    def test_what_dcmtk_compresses_decodes_to_what_dcmtk_decodes(self):
        server = self.serve()
        for is_signed, has_overlay in ((False, True), (True, False), (True, True)):
            original = twelve_bits(1 + is_signed + 2 * has_overlay, is_signed, has_overlay)
            values = shown = None
            for one, back in self.compressed_by_dcmtk(original):
                (_, stored), = self.keep(server, [one])
                cells = cells_of(stored)
                if values is None:
                    values = samples_of(stored)
                if back:
                    plain = self.folder / "plain-again.dcm"
                    subprocess.run([back, stored, plain], check=True)
                    numpy.testing.assert_array_equal(samples_of(plain), values)
                for syntax in [ExplicitVRLittleEndian, *LOSSLESS]:
                    with self.subTest(signed=is_signed, overlay=has_overlay, to=syntax.name,
                                      stored=one.file_meta.TransferSyntaxUID.name):
                        path = self.fetched(server, one, syntax)
                        d = dcmread(path)
                        self.assertEqual((d.BitsStored, d.HighBit), (12, 11))
                        numpy.testing.assert_array_equal(samples_of(path), values)
                        if has_overlay:
                            self.assertEqual(d[0x60000102].value, OVERLAY_BIT)
                            numpy.testing.assert_array_equal(cells_of(path), cells)
                _, _, frame = self.ask(server, self.place(one) + "/frames/1",
                                       Accept="application/octet-stream")
                frame = numpy.frombuffer(frame, "<u2").reshape(cells.shape)
                numpy.testing.assert_array_equal(frame & (0x1FFF if has_overlay else 0x0FFF), cells)
                _, _, picture = self.ask(server, self.place(one) + "/rendered", Accept="image/png")
                shown = shown or picture
                self.assertEqual(picture, shown, one.file_meta.TransferSyntaxUID.name)

    def test_peers_without_codecs_get_the_values_that_were_compressed(self):
        server = self.serve()
        original = twelve_bits(1, True, False)
        expected = pixel_array(original)
        kept = [one for one, _ in self.compressed_by_dcmtk(original)]
        list(self.keep(server, kept))
        came = []

        def take(event):
            d = event.dataset
            d.file_meta = event.file_meta
            came.append(d)
            return 0

        asker = AE("ASKER")
        asker.add_requested_context(STUDY_GET)
        asker.add_requested_context(original.SOPClassUID, ExplicitVRLittleEndian)
        association = asker.associate("127.0.0.1", int(server.dicom_port), ae_title="LUCERNA",
                                      ext_neg=[build_role(original.SOPClassUID, scp_role=True)],
                                      evt_handlers=[(evt.EVT_C_STORE, take)])
        self.assertTrue(association.is_established)
        for _ in association.send_c_get(keys("STUDY", StudyInstanceUID="2.999.1"), STUDY_GET):
            pass
        association.release()
        self.assertEqual(len(came), len(kept))
        for d in came:
            self.assertEqual(d.BitsStored, 12)
            numpy.testing.assert_array_equal(pixel_array(d), expected)

    def test_frames_come_as_codestreams(self):
        server = self.serve()
        original = picture(1, "MONOCHROME2", 12, frames=3)
        for one, stored in self.keep(server, [original]):
            expected = samples_of(stored)
            for syntax in LOSSLESS:
                status, headers, body = self.ask(server, self.place(one) + "/frames/2",
                                                 Accept=MEDIA_TYPES[syntax])
                self.assertEqual(status, 200, body)
                self.assertEqual(headers["Content-Type"],
                                 f"{MEDIA_TYPES[syntax]}; transfer-syntax={syntax}")
                again = dcmread(stored)
                again.NumberOfFrames = 1
                again.PixelData = encapsulate([body])
                again["PixelData"].VR = "OB"
                again.file_meta.TransferSyntaxUID = syntax
                path = self.folder / "frame.dcm"
                again.save_as(path, enforce_file_format=True)
                numpy.testing.assert_array_equal(samples_of(path)[0], expected[1])

    def test_frames_come_as_an_image_where_any_will_do(self):
        server = self.serve()
        plain = picture(1, "MONOCHROME2", 12)
        for one, stored in self.keep(server, [plain]):
            expected = samples_of(stored)
            for accept, kind in (("image/*", "image/jpeg"), (IMAGE_PARTS, "multipart/related"),
                                 ("text/html, image/*;q=0.8", "image/jpeg")):
                status, headers, body = self.ask(server, self.place(one) + "/frames/1", Accept=accept)
                self.assertEqual((status, headers.get_content_type()), (200, kind), body)
                if kind == "multipart/related":
                    (part,) = message_from_bytes(
                        b"Content-Type: " + headers["Content-Type"].encode() + b"\r\n\r\n" + body,
                        policy=HTTP).get_payload()
                    self.assertEqual(part.get_content_type(), "image/jpeg")
                    body = part.get_payload(decode=True)
                again = dcmread(stored)
                again.PixelData = encapsulate([body])
                again["PixelData"].VR = "OB"
                again.file_meta.TransferSyntaxUID = JPEGLosslessSV1
                path = self.folder / "frame.dcm"
                again.save_as(path, enforce_file_format=True)
                numpy.testing.assert_array_equal(samples_of(path), expected)
            for end, kind in (("/rendered", "image/jpeg"), ("/thumbnail", "image/jpeg")):
                status, headers, _ = self.ask(server, self.place(one) + end, Accept="image/*")
                self.assertEqual((status, headers["Content-Type"]), (200, kind))

    def test_packed_pixels_come_as_they_lie_and_are_shown(self):
        """Samples of 12 bits without gaps (PS3.5 8.1.1): shown as the same in 16 bits are."""
        twelve = picture(1, "MONOCHROME2", 12, frames=3)  # 315 pixels: every other begins in a byte
        wide = numpy.frombuffer(twelve.PixelData, "<u2", 3 * 21 * 15).reshape(3, -1)
        packed = picture(2, "MONOCHROME2", 12, frames=3)
        bits = numpy.unpackbits(wide.reshape(-1, 1).view("u1"), axis=1, bitorder="little")[:, :12]
        data = numpy.packbits(bits.ravel(), bitorder="little").tobytes()
        packed.BitsAllocated = 12
        packed.PixelData = data + b"\0" * (len(data) % 2)
        server = self.serve()
        list(self.keep(server, [twelve, packed]))
        for number in (1, 2, 3):
            _, _, shown = self.ask(server, f"{self.place(twelve)}/frames/{number}/rendered",
                                   Accept="image/png")
            status, _, body = self.ask(server, f"{self.place(packed)}/frames/{number}/rendered",
                                       Accept="image/png")
            self.assertEqual((status, body), (200, shown))
            status, _, body = self.ask(server, f"{self.place(packed)}/frames/{number}",
                                       Accept="application/octet-stream")
            self.assertEqual((status, len(body)), (200, (21 * 15 * 12 + 7) // 8))
            lies = numpy.unpackbits(numpy.frombuffer(body, "u1"), bitorder="little")
            numpy.testing.assert_array_equal(
                lies[:21 * 15 * 12], bits[(number - 1) * 315:number * 315].ravel())
        self.assertEqual(self.ask(server, self.place(packed) + "/frames/1", Accept="image/jls")[0], 406)

    def test_floating_point_frames_come_as_they_lie(self):
        random = numpy.random.default_rng(3)
        server = self.serve()
        for number, (keyword, kind) in enumerate((("FloatPixelData", "<f4"),
                                                  ("DoubleFloatPixelData", "<f8")), 1):
            d = picture(number, "MONOCHROME2", 16, frames=2)
            values = random.normal(size=(2, 21, 15)).astype(kind)
            for gone in ("PixelData", "BitsStored", "HighBit", "PixelRepresentation"):
                delattr(d, gone)
            d.BitsAllocated = 8 * values.itemsize
            setattr(d, keyword, values.tobytes())
            for one, _ in self.keep(server, [d]):
                for frame in (1, 2):
                    status, _, body = self.ask(server, f"{self.place(one)}/frames/{frame}",
                                               Accept="application/octet-stream")
                    self.assertEqual((status, body), (200, values[frame - 1].tobytes()))
                self.assertEqual(self.ask(server, self.place(one) + "/frames/3",
                                          Accept="application/octet-stream")[0], 404)
                self.assertEqual(self.ask(server, self.place(one) + "/rendered")[0], 406)

    def test_jpegs_that_share_colors_may_have_odd_columns(self):
        server = self.serve()
        for number, kind in enumerate(("YBR_FULL_422", "YBR_PARTIAL_422"), 1):
            gray = numpy.add.outer(numpy.arange(21) * 5, numpy.arange(15) * 7).astype("u1")
            Image.fromarray(gray).convert("RGB").save(
                stream := io.BytesIO(), "JPEG", quality=95, subsampling="4:2:2")
            d = picture(number, "RGB", 8)
            d.PhotometricInterpretation = kind
            d.PixelData = encapsulate([stream.getvalue()])
            d.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
            for one, _ in self.keep(server, [d]):
                for end in ("/rendered", "/thumbnail"):
                    status, _, body = self.ask(server, self.place(one) + end, Accept="image/png")
                    self.assertEqual(status, 200, body)
                    shown = numpy.asarray(Image.open(io.BytesIO(body))).astype(int)
                    self.assertLessEqual(numpy.abs(shown - gray[..., None]).max(), MOST_OFF_COLORS)
                status, _, body = self.ask(server, self.place(one) + "/frames/1",
                                           Accept="application/octet-stream")
                self.assertEqual((status, len(body)), (200, 21 * 15 * 3))

    def test_retired_colors_are_shown_or_refused_by_name(self):
        studio = picture(1, "RGB", 8, rows=2, columns=4)
        studio.PhotometricInterpretation = "YBR_PARTIAL_422"
        # Black and white, then red, by the formulas of PS3.3-2014 C.7.6.3.1.2.
        studio.PixelData = bytes([16, 235, 128, 128, 81, 81, 90, 240] * 2)
        others = []
        for number, kind in enumerate(("HSV", "ARGB", "CMYK"), 2):
            d = picture(number, "RGB", 8, rows=2, columns=4)
            d.PhotometricInterpretation, d.SamplesPerPixel = kind, 3 if kind == "HSV" else 4
            d.PixelData = bytes(range(8 * d.SamplesPerPixel))
            others.append(d)
        server = self.serve()
        list(self.keep(server, [studio, *others]))
        _, _, body = self.ask(server, self.place(studio) + "/rendered", Accept="image/png")
        shown = numpy.asarray(Image.open(io.BytesIO(body))).astype(int)
        expected = numpy.array([[[0, 0, 0], [255, 255, 255], [255, 0, 0], [255, 0, 0]]] * 2)
        self.assertLessEqual(numpy.abs(shown - expected).max(), 2)
        for one in (studio, *others):
            status, _, body = self.ask(server, self.place(one) + "/frames/1",
                                       Accept="application/octet-stream")
            self.assertEqual((status, body), (200, one.PixelData))
        for one in others:
            status, _, body = self.ask(server, self.place(one) + "/rendered", Accept="image/png")
            self.assertEqual(status, 406)
            self.assertIn(one.PhotometricInterpretation.encode(), body)

    def test_reports_are_not_acceptable_as_pictures(self):
        server = self.serve()
        report = made(1, 1, 1, sop_class="1.2.840.10008.5.1.4.1.1.88.11", Modality="SR")
        for keyword in ("PixelData", "Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit",
                        "PixelRepresentation", "SamplesPerPixel", "PhotometricInterpretation"):
            delattr(report, keyword)
        for one, _ in self.keep(server, [report]):
            status, _, _ = self.ask(server, self.place(one),
                                    Accept=f"application/dicom; transfer-syntax={JPEGLSLossless}")
            self.assertEqual(status, 406)

    def test_peers_that_take_one_compressed_syntax_get_it(self):
        port = free_port()
        server = self.serve("--destination", f"viewer=ONLY@127.0.0.1:{port}")
        kept = list(self.keep(server, [picture(1, "MONOCHROME2", 12), picture(2, "RGB", 8)]))
        for syntax in LOSSLESS:
            came, all_came = [], threading.Event()

            def take(event):
                path = self.folder / f"came-{len(came)}.dcm"
                d = event.dataset
                d.file_meta = event.file_meta
                d.save_as(path, enforce_file_format=True)
                came.append(path)
                if len(came) == 2:
                    all_came.set()
                return 0

            def check():
                self.assertEqual(len(came), 2, syntax.name)
                for path in came:
                    d = dcmread(path)
                    self.assertEqual(d.file_meta.TransferSyntaxUID, syntax)
                    stored = [file for one, file in kept if one.SOPInstanceUID == d.SOPInstanceUID]
                    numpy.testing.assert_array_equal(samples_of(path), samples_of(stored[0]))

            wanted = keys("STUDY", StudyInstanceUID="2.999.1")
            asker = AE("ASKER")
            asker.add_requested_context(STUDY_GET)
            asker.add_requested_context(SECONDARY_CAPTURE, syntax)
            association = asker.associate("127.0.0.1", int(server.dicom_port), ae_title="LUCERNA",
                                          ext_neg=[build_role(SECONDARY_CAPTURE, scp_role=True)],
                                          evt_handlers=[(evt.EVT_C_STORE, take)])
            self.assertTrue(association.is_established)
            statuses = [status.Status for status, _ in association.send_c_get(wanted, STUDY_GET)]
            association.release()
            self.assertEqual(statuses[-1], 0)
            check()

            came.clear()
            sink = AE("ONLY")
            sink.add_supported_context(SECONDARY_CAPTURE, syntax)
            listener = sink.start_server(("127.0.0.1", port), block=False,
                                         evt_handlers=[(evt.EVT_C_STORE, take)])
            try:
                asker = AE("ASKER")
                asker.add_requested_context(STUDY_MOVE)
                association = asker.associate("127.0.0.1", int(server.dicom_port),
                                              ae_title="LUCERNA")
                statuses = [status.Status for status, _ in
                            association.send_c_move(wanted, "ONLY", STUDY_MOVE)]
                association.release()
            finally:
                listener.shutdown()
            self.assertEqual(statuses[-1], 0)
            check()

    def test_every_file_of_the_collections_decodes_as_pydicom_decodes_it(self):
        if not (SHARED / "dicom").is_dir():
            self.skipTest("skipped: no shared data (dicom)")
        server = self.serve()
        compared = {}
        for number, path in enumerate(sorted((SHARED / "dicom").rglob("*")), 1):
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    d = dcmread(path)
                expected = samples_of(path)
            except Exception:  # No DICOM file, no picture, or none that pydicom decodes.
                continue
            # Some files are one object in several syntaxes, some have no UIDs.
            d.StudyInstanceUID, d.SeriesInstanceUID = f"2.999.7.{number}", "2.999.7.1"
            d.SOPInstanceUID = d.file_meta.MediaStorageSOPInstanceUID = f"2.999.7.1.{number}"
            if "SOPClassUID" not in d:
                d.SOPClassUID = d.file_meta.MediaStorageSOPClassUID = SECONDARY_CAPTURE
            copy = self.folder / "copy.dcm"
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    d.save_as(copy, enforce_file_format=True)
            except (TypeError, ValueError):  # Some hold what pydicom does not write.
                continue
            with self.subTest(file=path.name, syntax=d.file_meta.TransferSyntaxUID.name):
                self.assertEqual(self.post(server, copy.read_bytes()), 200)
                self.compare(server, d, expected)
                syntax = str(d.file_meta.TransferSyntaxUID)
                compared[syntax] = compared.get(syntax, 0) + 1
        self.assertGreater(sum(compared.values()), 80, compared)
        self.assertGreaterEqual(len(compared), 12, compared)

    def compare(self, server, d, expected):
        syntax = d.file_meta.TransferSyntaxUID
        numbers = ",".join(str(i + 1) for i in range(len(expected)))
        status, headers, body = self.ask(server, self.place(d) + "/frames/" + numbers, Accept=OCTETS)
        self.assertEqual(status, 200, body[:300])
        message = message_from_bytes(b"Content-Type: " + headers["Content-Type"].encode() +
                                     b"\r\n\r\n" + body, policy=HTTP)
        frames = [part.get_payload(decode=True) for part in message.iter_parts()]
        self.assertEqual(len(frames), len(expected))
        if d.PhotometricInterpretation == "YBR_FULL_422" and not syntax.is_encapsulated:
            # Uncompressed frames come as they are stored: two pixels share their colors.
            self.assertEqual(b"".join(frames), d.PixelData[: sum(map(len, frames))])
            return
        for frame, wanted in zip(frames, expected):
            if d.BitsAllocated == 1:
                packed = numpy.packbits(wanted.ravel(), bitorder="little").tobytes()
                self.assertEqual(frame[: len(packed)], packed)
                continue
            array = numpy.frombuffer(frame, wanted.dtype.newbyteorder("<"))
            if d.get("PlanarConfiguration", 0) == 1 and not syntax.is_encapsulated:
                array = array.reshape(wanted.shape[2], *wanted.shape[:2]).transpose(1, 2, 0)
            array = array.reshape(wanted.shape)
            unused = 8 * wanted.dtype.itemsize - d.BitsStored
            if not syntax.is_encapsulated and wanted.dtype.kind in "iu":
                shift = 8 * wanted.dtype.itemsize - 1 - d.HighBit
                array = numpy.right_shift(numpy.left_shift(array, shift), unused)
            if syntax not in LOSSY:
                numpy.testing.assert_array_equal(array, wanted)
                continue
            off = numpy.abs(array.astype("i8") - wanted)
            most = MOST_OFF_COLORS if wanted.shape[-1] == 3 else MOST_OFF
            self.assertLessEqual(off.max(), most)
            self.assertLessEqual(off.mean(), MEAN_OFF)


if __name__ == "__main__":
    main("Pixels")
