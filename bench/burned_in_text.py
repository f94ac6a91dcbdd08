#!/usr/bin/env python3
"""How much burned-in text `lucerna export` with clean-pixel-data finds, and how much it blanks where
there is none. Text of our own making: DejaVu fonts drawn by Pillow on a dark picture and on phantoms,
beside the breast and over it. Prints one row a kind of picture.

    LUCERNA_BIN=... PYTHONPATH=.deps/python bench/burned_in_text.py [--count 40] [FOLDER...]

FOLDERs hold DICOM images without burned-in text, for the second table.
"""
import argparse
import json
import os
import pathlib
import random
import subprocess
import tempfile

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from pydicom import dcmread
from pydicom.uid import generate_uid

ROOT = pathlib.Path(__file__).resolve().parents[1]
LUCERNA = os.environ.get("LUCERNA_BIN", str(ROOT / "build/release/apps/lucerna/lucerna"))
FONTS = pathlib.Path("/usr/share/fonts/truetype/dejavu")
NAMES = ["Mustermann, Erika", "DOE^JANE", "ID 4711-08/15", "12.03.1961 F", "St. Mary 2024", "0815 Acc 77"]


def drawn(text, font, size):
    """The text as a picture of 0 to 255."""
    face = ImageFont.truetype(str(FONTS / font), size)
    left, top, right, bottom = face.getbbox(text)
    image = Image.new("L", (right - left, bottom - top), 0)
    ImageDraw.Draw(image).text((-left, -top), text, fill=255, font=face)
    return np.asarray(image, dtype=np.float64) / 255


def place(kind, pixels, shape, dice):
    """Where the text goes: on what is black, or over the breast."""
    height, width = shape
    low = pixels.min()
    for _ in range(4000):
        y = dice.randrange(5, pixels.shape[0] - height - 5)
        x = dice.randrange(5, pixels.shape[1] - width - 5)
        part = pixels[y - 5:y + height + 5, x - 5:x + width + 5]
        empty = (part <= low + (pixels.max() - low) * 0.02).mean()
        if (kind == "over tissue" and empty < 0.05) or (kind != "over tissue" and empty > 0.99):
            return x, y
    return None


def exported(files, work):
    subprocess.run([LUCERNA, "export", "--data", work / "data", "--deidentify",
                    "basic+uids+clean-pixel-data", "--project", "bench", "--out", work / "out",
                    *files], check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    report = json.loads((work / "out" / "report.json").read_text())
    return {o["sop_instance_uid"]: o for o in report["objects"]}, report["refused"]


def recall(kind, count, phantoms, work, dice):
    """Of the pixels of each text, how many were blanked."""
    truth, files = {}, []
    for number in range(count):
        d = dcmread(phantoms[number % len(phantoms)])
        pixels = d.pixel_array.copy()
        if kind == "empty picture":
            pixels[:] = pixels.min()
            pixels[:10, :10] = 4095
        size = dice.choice([10, 12, 14, 18, 24, 32, 48])
        text = drawn(dice.choice(NAMES), dice.choice(["DejaVuSans.ttf", "DejaVuSans-Bold.ttf",
                                                      "DejaVuSansMono.ttf", "DejaVuSerif.ttf"]), size)
        at = place(kind, pixels, text.shape, dice)
        if at is None:
            continue
        x, y = at
        under = pixels[y:y + text.shape[0], x:x + text.shape[1]]
        top = max(int(pixels.max()), 2000)
        under[:] = (under * (1 - text) + top * text).astype(pixels.dtype)
        d.PixelData = pixels.tobytes()
        d.SOPInstanceUID = d.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        path = work / f"{number}.dcm"
        d.save_as(path, enforce_file_format=True)
        files.append(path)
        truth[str(d.SOPInstanceUID)] = (x, y, text > 0.5)
    objects, _ = exported(files, work)
    whole = 0
    for uid, (x, y, mask) in truth.items():
        left = mask.copy()
        for box in objects[uid]["blanked"] if uid in objects else []:
            x0, y0 = max(box["x"] - x, 0), max(box["y"] - y, 0)
            left[y0:max(box["y"] + box["height"] - y, 0), x0:max(box["x"] + box["width"] - x, 0)] = False
        whole += not left.any()
    print(f"| {kind} | {len(truth)} | {whole} |")


def false_blanking(name, files, work):
    touched = 0
    objects, refused = exported(files, work)
    shares = []
    for found in objects.values():
        if "frames_looked_at" not in found:
            continue
        out = next((work / "out").rglob(found["sop_instance_uid"] + ".dcm"))
        d = dcmread(out, stop_before_pixels=True)
        blank = sum(b["width"] * b["height"] for b in found["blanked"])
        shares.append(blank / (d.Rows * d.Columns))
        touched += blank > 0
    mean = sum(shares) / max(len(shares), 1)
    print(f"| {name} | {len(shares)} | {touched} | {100 * mean:.3f} % | {len(refused)} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("folders", nargs="*", type=pathlib.Path)
    asked = parser.parse_args()
    dice = random.Random(1)
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        (work / "data").mkdir()
        for seed in range(8):
            subprocess.run([LUCERNA, "phantom", "--seed", str(seed), "--columns", "900", "--rows", "1200",
                            "--spacing", "0.2", "--out", work / f"p{seed}"], check=True,
                           stdout=subprocess.DEVNULL)
        phantoms = sorted(work.glob("p*/*.dcm"))
        print("| text on | pictures | text blanked to the last pixel |\n| --- | --- | --- |")
        for kind in ("empty picture", "beside the breast", "over tissue"):
            recall(kind, asked.count, phantoms, work, dice)
        print("\n| without text | pictures | blanked somewhere | mean area | refused |\n"
              "| --- | --- | --- | --- | --- |")
        false_blanking("phantoms", phantoms, work)
        for place_of in asked.folders:
            false_blanking(place_of.name, sorted(p for p in place_of.rglob("*") if p.suffix == ".dcm"), work)


if __name__ == "__main__":
    main()
