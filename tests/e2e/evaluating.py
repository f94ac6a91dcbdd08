#!/usr/bin/env python3
"""`lucerna evaluate` as it is run: the model that ships, on phantoms whose truth is known.

    LUCERNA_BIN=... tests/e2e/evaluating.py [TEST]
"""
import csv
import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
LUCERNA = os.environ.get("LUCERNA_BIN", str(ROOT / "build/release/apps/lucerna/lucerna"))
MODEL = ROOT / "models" / "cbis-mass"


def run(*arguments):
    return subprocess.run([LUCERNA, *map(str, arguments)], capture_output=True, text=True)


class Evaluating(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls.temporary.name)
        cls.phantoms = cls.folder / "phantoms"
        made = run("phantom", "--exams", 4, "--findings", 2, "--columns", 900, "--rows", 1200,
                   "--spacing", 0.2, "--out", cls.phantoms)
        assert made.returncode == 0, made.stderr
        cls.out = cls.folder / "report"
        cls.read = run("evaluate", "--model", MODEL, "--manifest", cls.phantoms / "manifest.csv", "--out",
                       cls.out, "--rounds", 200)

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def test_a_model_is_measured_against_the_truth(self):
        self.assertEqual(self.read.returncode, 0, self.read.stderr)
        report = json.loads((self.out / "report.json").read_text())
        self.assertEqual(report["data"]["images"], 16)
        self.assertEqual(report["data"]["patients"], 4)
        self.assertIn("image AUC", self.read.stdout)
        page = (self.out / "report.html").read_text()
        self.assertIn("<svg", page)
        self.assertNotIn("http://", page.replace("http://www.w3.org", ""), "the page is to stand alone")

    def test_the_views_of_a_breast_share_a_score_and_those_of_another_do_not(self):
        scores = {}
        with open(self.out / "predictions.csv", newline="") as file:
            for row in csv.DictReader(file):
                scores[row["file"]] = float(row["image_score"])
        self.assertEqual(len(scores), 16)
        exams = {name.split("/")[0] for name in scores}
        for exam in exams:
            breasts = [{scores[f"{exam}/{side}-{view}.dcm"] for view in ("CC", "MLO")} for side in "RL"]
            for breast in breasts:
                self.assertEqual(len(breast), 1, exam)
            self.assertNotEqual(breasts[0], breasts[1], exam)

    def test_its_predictions_measured_again_give_the_same_figures(self):
        again = self.folder / "again"
        done = run("evaluate", "--predictions", self.out / "predictions.csv", "--manifest",
                   self.phantoms / "manifest.csv", "--out", again, "--rounds", 200)
        self.assertEqual(done.returncode, 0, done.stderr)
        first, second = (json.loads((folder / "report.json").read_text())["sections"]["image"]["figures"]
                         for folder in (self.out, again))
        auc = [part["auc"]["value"] for part in (first, second)]
        self.assertTrue(math.isclose(*auc, abs_tol=1e-9), auc)

    def test_a_gate_that_is_not_met_is_an_exit_code(self):
        gated = run("evaluate", "--predictions", self.out / "predictions.csv", "--manifest",
                    self.phantoms / "manifest.csv", "--out", self.folder / "gate", "--rounds", 200, "--require",
                    "image.auc>=0.9999", "--gate")
        self.assertIn(gated.returncode, (8, 9), gated.stderr)

    def test_a_picture_that_is_gone_is_named(self):
        manifest = (self.phantoms / "manifest.csv").read_text().splitlines()
        broken = self.phantoms / "broken.csv"
        broken.write_text("\n".join([manifest[0], manifest[1].replace("R-CC", "R-XX", 1), *manifest[2:]]))
        done = run("evaluate", "--model", MODEL, "--manifest", broken, "--out", self.folder / "broken")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("R-XX.dcm", done.stderr)
        self.assertIn("line 2", done.stderr)
        self.assertFalse((self.folder / "broken" / "report.json").exists())


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *[f"Evaluating.{name}" for name in sys.argv[1:]]])
