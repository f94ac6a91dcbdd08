#!/usr/bin/env python3
"""Uses the `lucerna` program as its users do: by command line, by DCMTK's tools, over HTTP.

    LUCERNA_BIN=... tests/e2e/whole_program.py [TEST]

Ends with 77 when what was asked for was skipped, as ctest wants it.
"""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
LUCERNA = os.environ.get("LUCERNA_BIN", str(ROOT / "build/release/apps/lucerna/lucerna"))
SHARED = pathlib.Path(os.environ.get("LUCERNA_SHARED_DATA", ROOT.parent / "shared" / "data"))
MODEL = ROOT / "models" / "cbis-mass"
CAD_SR = "1.2.840.10008.5.1.4.1.1.88.50"
# Patience, not a measurement: a busy machine may be slow.
PATIENCE = 180


def wait_for(condition, what):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.2)
    raise AssertionError(f"waited {PATIENCE} s for {what}")


def phantom(folder, seed, *options):
    subprocess.run([LUCERNA, "phantom", "--seed", str(seed), "--columns", "900", "--rows", "1200",
                    "--spacing", "0.2", "--out", folder, *options], check=True,
                   stdout=subprocess.DEVNULL)
    return sorted(str(p) for p in pathlib.Path(folder).glob("*.dcm"))


def dciodvfy_errors(path):
    run = subprocess.run(["dciodvfy", path], capture_output=True, text=True, errors="replace")
    return [line for line in (run.stdout + run.stderr).splitlines() if line.startswith("Error")]


class Server:
    """A server on free ports over a data folder; `kill` is SIGKILL."""

    def __init__(self, data, *options, around=(), log=None):
        """`around`: a command to start the server by. `log`: a file in place of the one beside `data`."""
        self.log = log or open(pathlib.Path(data).with_suffix(".log"), "ab")
        self.process = subprocess.Popen(
            [*around, LUCERNA, "serve", "--data", data, "--http", "127.0.0.1:0", "--dicom", "127.0.0.1:0",
             *options], stdout=subprocess.PIPE, stderr=self.log, text=True)
        said = ""
        while "DICOMweb" not in said:
            line = self.process.stdout.readline()
            if not line:
                raise AssertionError(f"the server did not start: {said}")
            said += line
        self.url = re.search(r"https?://[0-9.:]+", said).group(0)
        self.dicom_port = re.search(r"at [0-9.]+:(\d+), DICOMweb", said).group(1)

    def get(self, path):
        with urllib.request.urlopen(self.url + path, timeout=PATIENCE) as answer:
            body = answer.read()
        return json.loads(body) if body else []

    def exam(self, patient_id):
        found = [e for e in self.get("/api/worklist")["exams"] if e["patient_id"] == patient_id]
        return found[0] if found else None

    def read_exam(self, patient_id):
        """The exam once it is settled."""
        def settled():
            exam = self.exam(patient_id)
            return exam if exam and exam["state"] in ("read", "refused", "failed") else None
        return wait_for(settled, f"the reading of {patient_id}")

    def store(self, files):
        return subprocess.run(["storescu", "-aec", "LUCERNA", "127.0.0.1", self.dicom_port, *files],
                              capture_output=True, text=True)

    def end(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        self.process.wait(PATIENCE)
        self.process.stdout.close()
        self.log.close()
        return self.process.returncode


class WholeProgram(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="lucerna-whole-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def serve(self, *options, data="data"):
        server = Server(self.path(data), *options)
        self.addCleanup(lambda: server.process.poll() is None and server.end(signal.SIGKILL))
        return server

    def read(self, *arguments):
        return subprocess.run([LUCERNA, "read", *arguments], capture_output=True, text=True)

    def test_read_writes_every_result_and_a_line(self):
        exam = self.path("exam")
        phantom(exam, 7)  # leaves truth.json in the folder too: not DICOM, nobody's mistake
        run = self.read(exam, "--out", self.path("out"))
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertRegex(run.stdout, r"findings? in 4 views.*research use only")
        written = sorted(os.listdir(self.path("out")))
        self.assertEqual(written, ["cad-sr.dcm", "capture-L-CC.dcm", "capture-L-MLO.dcm",
                                   "capture-R-CC.dcm", "capture-R-MLO.dcm", "findings.json",
                                   "measurement-sr.dcm"])
        for name in written[:5] + written[6:]:
            self.assertEqual(dciodvfy_errors(os.path.join(self.path("out"), name)), [], name)
        with open(os.path.join(self.path("out"), "findings.json"), encoding="utf-8") as file:
            self.assertIn("model", json.load(file))

    def test_read_is_the_same_twice(self):
        exam = self.path("exam")
        phantom(exam, 8)
        readings = []
        for out in ("a", "b"):
            self.assertEqual(self.read(exam, "--out", self.path(out)).returncode, 0)
            with open(os.path.join(self.path(out), "findings.json"), encoding="utf-8") as file:
                text = file.read()
            readings.append(re.sub(r'"[^"]*_at": *"[^"]*"', "", text))
        self.assertEqual(readings[0], readings[1])

    def test_read_says_by_exit_code_what_went_wrong(self):
        files = phantom(self.path("exam"), 9)
        self.assertEqual(self.read(files[0]).returncode, 2, "no --out")
        empty = self.path("empty")
        os.mkdir(empty)
        self.assertEqual(self.read(empty, "--out", self.path("o")).returncode, 3)
        cut = self.path("cut.dcm")
        with open(files[0], "rb") as whole, open(cut, "wb") as part:
            part.write(whole.read(100_000))
        run = self.read(cut, "--out", self.path("o"))
        self.assertEqual(run.returncode, 3)
        self.assertIn("cut.dcm", run.stderr)
        altered = self.path("model")
        shutil.copytree(MODEL, altered)
        with open(os.path.join(altered, "model.onnx"), "ab") as file:
            file.write(b"x")
        run = self.read(files[0], "--out", self.path("o"), "--model", altered)
        self.assertEqual(run.returncode, 5)
        self.assertIn("model.onnx has SHA-256", run.stderr)

    def test_read_makes_no_exam_of_two_patients(self):
        files = phantom(self.path("exam"), 15)
        for file in files[2:]:
            subprocess.run(["dcmodify", "-nb", "-m", "PatientID=ANOTHER", file], check=True, capture_output=True)
        run = self.read(self.path("exam"), "--out", self.path("out"))
        self.assertEqual(run.returncode, 3, run.stdout)
        for file in (files[0], files[2]):
            self.assertIn(file, run.stderr)
        self.assertFalse(os.path.exists(self.path("out")))

    def test_read_tells_two_through_one_who_says_less(self):
        olga, olga_of_no_date = ("", "Omega^Olga", "19710101"), ("", "Omega^Olga", "")
        anna, anna_of_no_date = ("A", "Alpha^Anna", "19600101"), ("A", "Alpha^Anna", "")
        for said, refused in (((olga, anna_of_no_date, anna, anna), 2), ((olga_of_no_date, anna, olga, anna), 2),
                              ((anna, olga_of_no_date, anna, olga), 3), ((olga_of_no_date, anna, anna, anna), None)):
            folder, out = self.path(f"exam{refused}{said[0][1]}{said[0][2]}"), self.path("out")
            files = phantom(folder, 18)
            for number, (file, (patient_id, name, birth_date)) in enumerate(zip(files, said)):
                subprocess.run(["dcmodify", "-nb", "-i", f"PatientID={patient_id}", "-i", f"PatientName={name}", "-i",
                                f"PatientBirthDate={birth_date}", "-i", f"AccessionNumber=ACC{number}", file],
                               check=True, capture_output=True)
            run = self.read(*files, "--out", out)
            if refused is not None:
                self.assertEqual(run.returncode, 3, run.stdout)
                self.assertIn(files[refused], run.stderr)
                continue
            # Nothing tells that they are two; and yet the results are of the one who has an ID, and of hers.
            self.assertEqual(run.returncode, 0, run.stderr)
            with open(os.path.join(out, "findings.json"), encoding="utf-8") as file:
                findings = json.load(file)
            self.assertEqual(len(findings["views"]), 3)
            self.assertIn("another-patient", [each["reason"] for each in findings["refusals"]])
            for tag, value in (("PatientID", "A"), ("PatientName", "Alpha^Anna"), ("PatientBirthDate", "19600101"),
                               ("AccessionNumber", "ACC1")):
                self.assertIn(f"[{value}]", subprocess.run(["dcmdump", "+P", tag, os.path.join(out, "cad-sr.dcm")],
                                                           check=True, capture_output=True, text=True).stdout)

    def test_read_leaves_nothing_of_another_run_among_its_results(self):
        files, others = phantom(self.path("exam"), 16), phantom(self.path("other"), 17)
        out = self.path("out")
        self.assertEqual(self.read(*files, "--out", out).returncode, 0)
        four = sorted(os.listdir(out))
        with open(os.path.join(out, "capture-kept.dcm"), "wb") as kept, open(others[0], "rb") as other:
            kept.write(other.read().replace(b"Lucerna", b"Leipzig"))
        self.assertEqual(self.read(files[0], "--out", out).returncode, 0)
        self.assertEqual(sorted(os.listdir(out)), ["cad-sr.dcm", "capture-R-CC.dcm" if "R-CC" in files[0] else
                                                   "capture-L-CC.dcm", "capture-kept.dcm", "findings.json",
                                                   "measurement-sr.dcm"])
        before = sorted(os.listdir(out))
        for missing in ("", "findings.json"):
            if missing:
                os.remove(os.path.join(out, missing))
            run = self.read(*others, "--out", out)
            self.assertEqual(run.returncode, 3, run.stdout)
            self.assertIn("result of another study", run.stderr)
        self.assertEqual(sorted(os.listdir(out)), [name for name in before if name != "findings.json"])
        self.assertEqual(len(four), 7)

    def test_one_view_alone_is_read_and_the_others_named_missing(self):
        files = phantom(self.path("exam"), 10)
        run = self.read(files[0], "--out", self.path("out"))
        self.assertEqual(run.returncode, 0, run.stderr)
        refused = [line.split()[1] for line in run.stdout.splitlines() if line.startswith("  ")]
        self.assertEqual(refused, ["R-CC:", "R-MLO:", "L-MLO:"])

    def test_serve_receives_reads_and_answers(self):
        server = self.serve()
        sent = server.store(phantom(self.path("exam"), 11))
        self.assertEqual(sent.returncode, 0, sent.stderr)
        self.assertEqual(server.read_exam("SYNTHETIC-11")["state"], "read")
        reports = server.get(f"/dicom-web/instances?PatientID=SYNTHETIC-11&SOPClassUID={CAD_SR}")
        self.assertEqual(len(reports), 1)
        url = reports[0]["00081190"]["Value"][0]
        request = urllib.request.Request(url, headers={"Accept": "application/dicom"})
        fetched = self.path("fetched.dcm")
        with urllib.request.urlopen(request) as answer, open(fetched, "wb") as file:
            file.write(answer.read())
        self.assertEqual(dciodvfy_errors(fetched), [])
        self.assertEqual(server.end(), 0)

    def test_what_is_no_mammogram_is_archived_and_makes_no_exam(self):
        port = "14" + str(200 + os.getpid() % 700)
        inbox = self.path("inbox")
        os.mkdir(inbox)
        peer = subprocess.Popen(["storescp", "-aet", "PACS", "-od", inbox, port],
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(peer.wait)
        self.addCleanup(peer.kill)
        server = self.serve("--destination", f"pacs=PACS@127.0.0.1:{port}", "--set", "quiet_seconds=1")
        view = phantom(self.path("exam"), 14)[0]

        def study(number, sop_class, modality):
            """One image of a study of its own; sent."""
            made = self.path(f"{modality}-{number}.dcm")
            shutil.copy(view, made)
            subprocess.run(["dcmodify", "-nb", "-gst", "-gse", "-gin", "-m", f"SOPClassUID={sop_class}", "-m",
                            f"Modality={modality}", "-m", f"PatientID=STUDY-{number}", made],
                           check=True, capture_output=True)
            sent = server.store(["-R", made])
            self.assertEqual(sent.returncode, 0, sent.stderr)

        storage = "1.2.840.10008.5.1.4.1.1."
        others = [(1, "2", "CT"), (2, "6.1", "US"), (3, "66.4", "SEG"), (4, "7", "OT"), (5, "1.1", "DX")]
        for number, sop_class, modality in others:
            study(number, storage + sop_class, modality)
        mammograms = [(6, "13.1.3", "MG"), (7, "1.2.1", "MG"), (8, "7", "MG")]
        for number, sop_class, modality in mammograms:
            study(number, storage + sop_class, modality)
        for number, _, _ in mammograms:
            exam = server.read_exam(f"STUDY-{number}")
            self.assertEqual(exam["state"], "refused", exam)
            self.assertTrue(exam["refusals"], exam)
        # The others were quiet for longer.
        self.assertEqual({exam["patient_id"] for exam in server.get("/api/worklist")["exams"]},
                         {f"STUDY-{number}" for number, _, _ in mammograms})
        for number, _, modality in others:
            found = server.get(f"/dicom-web/studies?PatientID=STUDY-{number}")
            self.assertEqual([one["00080061"]["Value"] for one in found], [[modality]])
            self.assertEqual(found[0]["00201208"]["Value"], [1], "no result is among it")
            url = found[0]["00081190"]["Value"][0]
            with urllib.request.urlopen(url + "/thumbnail", timeout=PATIENCE) as answer:
                self.assertEqual(answer.headers["Content-Type"], "image/jpeg")
        results = sum(len(server.get(f"/dicom-web/studies/{exam['study_instance_uid']}/instances")) - 1
                      for exam in server.get("/api/worklist")["exams"])
        self.assertGreaterEqual(results, 2 * len(mammograms))
        wait_for(lambda: len(os.listdir(inbox)) >= results, "the refusals at the peer")
        self.assertEqual(len(os.listdir(inbox)), results, "and nothing of the others")

    def test_what_comes_beside_an_exam_is_forwarded_whenever_it_comes(self):
        port = str(14200 + os.getpid() % 700)
        inbox = self.path("inbox")
        os.mkdir(inbox)
        peer = subprocess.Popen(["storescp", "-aet", "PACS", "-od", inbox, port],
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(peer.wait)
        self.addCleanup(peer.kill)
        config = pathlib.Path(self.path("server.toml"))
        config.write_text(f"""quiet_seconds = 2
[[destination]]
name = "pacs"
aet = "PACS"
host = "127.0.0.1"
port = {port}
images = true
""")
        server = self.serve("--config", str(config))
        views = phantom(self.path("exam"), 15)

        def ultrasound(name):
            made = self.path(name)
            shutil.copy(views[0], made)
            subprocess.run(["dcmodify", "-nb", "-gse", "-gin", "-m", "Modality=US", "-m",
                            "SOPClassUID=1.2.840.10008.5.1.4.1.1.6.1", made], check=True, capture_output=True)
            sent = server.store(["-R", made])
            self.assertEqual(sent.returncode, 0, sent.stderr)

        def arrived():
            """How many mammograms, ultrasounds and mammography reports, as storescp names them."""
            names = os.listdir(inbox)
            return [len([name for name in names if name.startswith(begin)]) for begin in ("DXm.", "US.", "SRm.")]

        ultrasound("before.dcm")
        self.assertEqual(server.store(views).returncode, 0)
        self.assertEqual(server.read_exam("SYNTHETIC-15")["state"], "read")
        wait_for(lambda: arrived() == [4, 1, 1], "the images, what came before, and the results")
        ultrasound("after.dcm")
        ultrasound("after-that.dcm")
        wait_for(lambda: arrived() == [4, 3, 1], "what came after the reading")
        self.assertEqual(server.read_exam("SYNTHETIC-15")["state"], "read")
        # A stop breaks a delivery off, even where it waits for the last response alone.
        wait_for(lambda: pathlib.Path(self.path("data.log")).read_text().count('"deliver.sent"') > 1, "the deliveries")
        self.assertEqual(server.end(), 0)
        log = pathlib.Path(self.path("data.log")).read_text()
        self.assertEqual(log.count('"event":"exam.read"'), 1, "it is not read again for that")
        self.assertEqual(log.count('"event":"deliver.sent"'), 2, "and what came together goes together")

    def test_outbox_survives_a_kill_and_a_dead_peer(self):
        port = "14" + str(200 + os.getpid() % 700)
        destination = ["--destination", f"pacs=PACS@127.0.0.1:{port}"]
        server = self.serve(*destination)
        server.store(phantom(self.path("exam"), 12))
        study = server.read_exam("SYNTHETIC-12")["study_instance_uid"]
        counted = 'lucerna_deliveries{destination="pacs",state="%s"} %d\n'
        with urllib.request.urlopen(server.url + "/metrics", timeout=PATIENCE) as answer:
            metrics = answer.read().decode()
        self.assertIn(counted % ("waiting", 1), metrics)
        self.assertIn(counted % ("given-up", 0), metrics)
        log = pathlib.Path(self.path("data.log"))
        wait_for(lambda: f'"event":"deliver.retry","exam":"{study}"' in log.read_text(), "the first try")
        server.end(signal.SIGKILL)
        inbox = self.path("inbox")
        os.mkdir(inbox)
        peer = subprocess.Popen(["storescp", "-aet", "PACS", "-od", inbox, port],
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(peer.wait)
        self.addCleanup(peer.kill)
        again = self.serve(*destination)
        wait_for(lambda: len(os.listdir(inbox)) >= 6, "six results at the peer")
        self.assertEqual(len(os.listdir(inbox)), 6)
        self.assertEqual(again.end(), 0)

    def test_an_exam_killed_in_the_middle_of_its_reading_is_read_after_all(self):
        server = self.serve()
        server.store(phantom(self.path("exam"), 13))
        server.end(signal.SIGKILL)
        again = self.serve()
        self.assertEqual(again.read_exam("SYNTHETIC-13")["state"], "read")
        self.assertEqual(len(again.get("/dicom-web/instances?PatientID=SYNTHETIC-13")), 4 + 6)

    def test_a_closed_terminal_stops_it_as_a_stop_does(self):
        server = self.serve()
        server.process.send_signal(signal.SIGUSR1)
        server.process.send_signal(signal.SIGUSR2)
        self.assertEqual(server.get("/health"), {"status": "up"})
        self.assertEqual(server.end(signal.SIGHUP), 0)
        self.assertIn('"event":"server.stopping"', pathlib.Path(self.path("data.log")).read_text())
        server = Server(self.path("data"), around=["nohup"])
        self.addCleanup(lambda: server.process.poll() is None and server.end(signal.SIGKILL))
        server.process.send_signal(signal.SIGHUP)
        self.assertEqual(server.get("/health"), {"status": "up"}, "under nohup")
        self.assertEqual(server.end(), 0)

    def test_a_second_server_on_the_same_folder_is_told_so(self):
        self.serve()
        second = subprocess.run([LUCERNA, "serve", "--data", self.path("data"), "--http",
                                 "127.0.0.1:0", "--dicom", "127.0.0.1:0"],
                                capture_output=True, text=True)
        self.assertEqual(second.returncode, 7, second.stderr)

    def test_beyond_loopback_dimse_wants_to_know_its_senders(self):
        command = [LUCERNA, "serve", "--data", self.path("data"), "--http", "127.0.0.1:0",
                   "--dicom", "0.0.0.0:0"]
        run = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual(run.returncode, 2, run.stderr)
        self.assertIn("dicom.callers or dicom.tls_ca", run.stderr)
        self.assertFalse(os.path.exists(self.path("data")), "nothing was begun")
        for said, status in ((["dicom.callers=STORESCU"], [0, 1]),
                             (["dicom.anybody_may_store=true"], [0, 0])):
            server = self.serve("--set", "dicom.address=0.0.0.0", "--set", *said, data=said[0][:10])
            sent = [subprocess.run(["echoscu", "-aet", title, "127.0.0.1", server.dicom_port],
                                   capture_output=True).returncode
                    for title in ("STORESCU", "ANYBODY")]
            self.assertEqual([min(code, 1) for code in sent], status, said)
            server.end()

    def test_a_server_beyond_loopback_wants_tokens(self):
        run = subprocess.run([LUCERNA, "serve", "--data", self.path("data"), "--http", "0.0.0.0:0",
                              "--dicom", "127.0.0.1:0"], capture_output=True, text=True)
        self.assertNotEqual(run.returncode, 0)
        self.assertIn("token", run.stderr)

    def test_what_keeps_it_from_starting_is_said_by_name(self):
        taken = self.serve(data="other")
        addresses = ["--http", "127.0.0.1:0", "--dicom", "127.0.0.1:0"]
        for said, what in ((["--set", "http.address=999.1.1.1"], 'http.address: "999.1.1.1" is no numeric address'),
                           (["--set", "http.tokens=/nope"], "http.tokens: cannot read /nope"),
                           (["--set", "hl7.listen=2575"], 'hl7.listen: "2575" is not ADDRESS:PORT'),
                           (["--set", f"dicom.port={taken.dicom_port}"], "dicom: can't listen on 127.0.0.1:"),
                           (["--set", f"hl7.listen=:{taken.dicom_port}"], "hl7: can't listen on 127.0.0.1:"),
                           (["--destination", "a=A@h:1", "--destination", "a=B@h:1"],
                            '--destination a=B@h:1: a destination is called "a" already')):
            run = subprocess.run([LUCERNA, "serve", "--data", self.path("data"), *addresses, *said],
                                 capture_output=True, text=True, timeout=PATIENCE)
            self.assertNotEqual(run.returncode, 0, said)
            self.assertIn(what, run.stderr)

    def test_samples_are_read_before_the_address_is_printed(self):
        server = self.serve("--samples", "1")
        self.assertEqual(server.exam("SYNTHETIC-1")["state"], "read")

    def test_a_real_digital_exam_is_read(self):
        if not (SHARED / "ffdm-exam").is_dir():
            self.skipTest("skipped: no shared data (ffdm-exam)")
        exam = self.path("ffdm")
        subprocess.run([sys.executable, ROOT / "tests/e2e/wrap_ffdm.py", SHARED / "ffdm-exam",
                        exam], check=True, stdout=subprocess.DEVNULL)
        server = self.serve()
        files = sorted(str(p) for p in pathlib.Path(exam).glob("*.dcm"))
        self.assertEqual(server.store(files).returncode, 0)
        card = server.read_exam("FFDM-EXAM")
        self.assertEqual((card["state"], card["refusals"]), ("read", []))
        self.assertFalse(card["synthetic"])
        reports = server.get(f"/dicom-web/instances?PatientID=FFDM-EXAM&SOPClassUID={CAD_SR}")
        self.assertEqual(len(reports), 1)


def main(suite):
    """Runs the tests that the command line names, or all of them."""
    names = [f"{suite}.{name}" for name in sys.argv[1:]]
    program = unittest.main(argv=[sys.argv[0], *names], exit=False)
    for _, reason in program.result.skipped:
        print(reason)
    if not program.result.wasSuccessful():
        sys.exit(1)
    sys.exit(77 if names and program.result.skipped else 0)


if __name__ == "__main__":
    main("WholeProgram")
