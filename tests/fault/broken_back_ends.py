#!/usr/bin/env python3
"""A `lucerna serve` with its index on PostgreSQL and its objects in a bucket, of which one or the other
fails and comes back under four senders.

    LUCERNA_BIN=... PYTHONPATH=.deps/python:tests/e2e tests/fault/broken_back_ends.py [TEST]

Ends with 77 where PostgreSQL is not installed.
"""
import concurrent.futures
import random
import re
import signal
import subprocess
import time
import unittest
import urllib.error
import urllib.request

import kept_elsewhere
import sealed_at_rest
from insisting_sender import end_senders, start_senders
from kill_server import check
from sealed_at_rest import BAD_INPUT, UNAVAILABLE, instance
from whole_program import LUCERNA, main, phantom, wait_for


class BrokenBackEnds(unittest.TestCase):
    setUp = kept_elsewhere.KeptElsewhere.setUp
    serve = kept_elsewhere.KeptElsewhere.serve
    keep = kept_elsewhere.KeptElsewhere.keep
    run_verb = kept_elsewhere.KeptElsewhere.run_verb
    secret = sealed_at_rest.SealedAtRest.secret
    stand_in = sealed_at_rest.SealedAtRest.stand_in

    def senders(self, server, **options):
        senders = start_senders(server.dicom_port, **options)
        self.addCleanup(lambda: [sender.give_up.set() for sender in senders])
        return senders

    def faults(self, words):
        new = self.folder / "faults.new"
        new.write_text(words)
        new.replace(self.folder / "faults")

    def all_are_there(self, server, senders, seed):
        """Each acknowledged object, nothing else, nothing damaged; and what comes now is read."""
        self.assertIsNone(server.process.poll())
        acknowledged, more = check(server, senders)
        self.assertGreater(acknowledged, 20)
        self.assertEqual(more, 0, "each was sent until it was acknowledged")
        files = phantom(str(self.folder / f"exam-{seed}"), seed)
        self.assertEqual(server.store(files).returncode, 0)
        self.assertEqual(server.read_exam(f"SYNTHETIC-{seed}")["state"], "read")
        self.assertEqual(server.end(), 0)
        self.assertRegex(self.run_verb("verify", "--config", self.config),
                         f"^{acknowledged + 10} instances .* 0 damaged")

    def test_the_database_is_restarted_under_four_senders(self):
        server = self.serve()
        senders = self.senders(server)
        for how, away in ((signal.SIGINT, 0), (signal.SIGQUIT, 0.5), (signal.SIGINT, 8)):
            time.sleep(1.5)
            self.postgres.stop(how)
            time.sleep(away)
            self.postgres.start()
        time.sleep(1.5)
        end_senders(senders)
        # Longer than it tries by itself: they were told so, and not left waiting.
        refusals = {status for sender in senders for status in sender.refusals}
        self.assertTrue(refusals, "the database was away for eight seconds")
        self.all_are_there(server, senders, 41)

    def test_the_database_says_nothing_under_four_senders(self):
        server = self.serve()
        senders = self.senders(server)
        for away in (0.5, 7):
            time.sleep(1.5)
            self.postgres.halt()
            self.addCleanup(self.postgres.go_on)
            time.sleep(away)
            self.postgres.go_on()
        time.sleep(1)
        end_senders(senders)
        refusals = {status for sender in senders for status in sender.refusals}
        self.assertIn(0xA700, refusals)
        # Of one that may have been committed that is not known.
        self.assertLessEqual(refusals, {0xA700, 0x0110})
        self.assertFalse([sender for sender in senders if sender.timed_out], "no answer came")
        self.all_are_there(server, senders, 44)

    def test_a_silent_database_holds_up_what_needs_it_alone(self):
        server = self.serve()
        self.assertEqual(server.get("/dicom-web/studies"), [])

        def answer(path):
            try:
                with urllib.request.urlopen(server.url + path, timeout=60) as given:
                    return given.status, given.read().decode()
            except urllib.error.HTTPError as error:
                return error.code, ""
            except OSError:
                return 0, ""
        self.postgres.halt()
        self.addCleanup(self.postgres.go_on)
        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            searches = [pool.submit(answer, "/dicom-web/studies") for _ in range(20)]
            self.assertEqual(answer("/")[0], 200)
            self.assertEqual(answer("/health")[0], 200)
            self.assertFalse([search for search in searches if search.done()], "they wait")
            status, metrics = answer("/metrics")
            self.assertEqual(status, 200)
            self.assertIn("lucerna_instances NaN", metrics)
            self.assertEqual({search.result()[0] for search in searches}, {503})
            searches = [pool.submit(answer, "/dicom-web/studies") for _ in range(20)]
            time.sleep(1)
            self.assertEqual(server.end(), 0, "nor does it keep the server from ending")
            concurrent.futures.wait(searches)

    def other_server(self):
        self.data, config = self.folder / "other", self.config
        self.config = self.folder / "other.toml"
        self.config.write_text(config.read_text().replace(f'data = "{self.folder}/data"', f'data = "{self.data}"'))
        return self.serve()

    def test_an_erasure_that_was_broken_off_is_finished_beside_a_server_that_is_gone(self):
        self.config.write_text(self.config.read_text().replace("[store]", "[http]\ndeletion = true\n[store]"))
        first, erased, later = (instance(f"P{n}") for n in range(3))
        self.keep(first, erased, later)

        def delete(server, study):
            asked = urllib.request.Request(f"{server.url}/dicom-web/studies/{study}", method="DELETE")
            try:
                with urllib.request.urlopen(asked, timeout=60) as answer:
                    return answer.status
            except urllib.error.HTTPError as error:
                return error.code

        def is_left():
            return self.postgres.ask("SELECT 1 FROM doomed") != []
        gone, server = self.serve(), self.other_server()
        self.assertEqual(delete(gone, first.StudyInstanceUID), 204, "for which all objects are listed, once")
        away = "503 " * 1000
        self.faults(away)
        self.assertEqual(delete(gone, erased.StudyInstanceUID), 503)
        self.assertEqual(delete(server, erased.StudyInstanceUID), 503, "its key is there")
        self.faults("")
        self.assertEqual(delete(server, erased.StudyInstanceUID), 404)
        self.assertFalse(is_left(), "it is gone, as was said")
        # Nobody asks again.
        self.faults(away)
        self.assertEqual(delete(gone, later.StudyInstanceUID), 503)
        gone.end(signal.SIGKILL)
        self.faults("")
        self.assertTrue(is_left())
        wait_for(lambda: not is_left(), "the other server to finish it")
        self.assertEqual(server.end(), 0)
        acts = (self.data / "audit.log").read_text()
        self.assertEqual(acts.count('"act":"erase-study"'), 2)
        self.assertRegex(self.run_verb("verify", "--config", self.config), "^0 instances .* 0 damaged")

    def halt_while_it_writes(self, server):
        for _ in range(400):
            server.process.send_signal(signal.SIGSTOP)
            time.sleep(0.02)
            if self.postgres.ask("SELECT 1 FROM pg_stat_activity WHERE application_name = 'lucerna' AND "
                                 "state LIKE 'idle in transaction%'"):
                return
            server.process.send_signal(signal.SIGCONT)
            time.sleep(random.random() * 0.2)
        self.fail("it was never met in the middle of a transaction")

    def test_another_server_is_halted_in_the_middle_of_a_transaction(self):
        """Whoever sends to this one is told to come again, and is served while the other one is halted."""
        halted = self.serve()
        senders = self.senders(halted)
        server = self.other_server()
        self.halt_while_it_writes(halted)
        others = self.senders(server)
        for other in others:
            other.ae.dimse_timeout = 15
        wait_for(lambda: all(other.acknowledged for other in others), "objects to be taken")
        self.assertLessEqual({status for other in others for status in other.refusals}, {0xA700})
        self.assertFalse([other for other in others if other.timed_out], "no answer came")
        halted.process.send_signal(signal.SIGCONT)
        end_senders(senders + others)
        self.assertEqual(halted.end(), 0)
        self.all_are_there(server, senders + others, 43)

    def test_the_object_store_fails_under_four_senders(self):
        server = self.serve()
        senders = self.senders(server)
        time.sleep(1)
        chance = random.Random(20260301)
        words = ["503", "500", "lost", "cut", "ok", "ok", "ok"] * 30 + ["silent"] * 4 + ["507", "403"] * 5
        chance.shuffle(words)
        self.faults(" ".join(words) + " " + "503 " * 40)
        wait_for(lambda: not (self.folder / "faults").read_text(), "all faults to be met")
        time.sleep(1)
        end_senders(senders)
        self.assertTrue([status for sender in senders for status in sender.refusals])
        self.all_are_there(server, senders, 42)

    def test_it_is_killed_under_four_senders(self):
        chance = random.Random(20260301)
        kept = []
        for _ in range(4):
            server = self.serve()
            if kept:
                check(server, kept[-4:])
            senders = self.senders(server)
            time.sleep(0.5 + chance.random())
            server.end(signal.SIGKILL)
            for sender in senders:
                sender.give_up.set()
            for sender in senders:
                sender.join()
            kept += senders
        server = self.serve()
        acknowledged, more = check(server, kept)
        self.assertGreater(acknowledged, 20)
        self.assertEqual(server.end(), 0)
        self.assertRegex(self.run_verb("verify", "--config", self.config),
                         f"^{acknowledged + more} instances .* 0 damaged")

    def test_the_key_service_is_away_when_a_lost_index_is_made_anew(self):
        engine, port, keys = self.stand_in()
        self.config.write_text(self.config.read_text().replace(f"file:{self.kek}", keys))
        kept = [instance(f"P{number}") for number in range(3)]
        self.keep(*kept)
        endpoint = re.search('s3_endpoint = "(.*)"', self.config.read_text()).group(1)
        self.assertEqual(kept_elsewhere.services.unpublish_all(endpoint), 3)
        self.postgres.forget()
        engine.kill()
        engine.wait()
        for _ in range(2):
            run = subprocess.run([LUCERNA, "serve", "--config", self.config, "--http", "127.0.0.1:0",
                                  "--dicom", "127.0.0.1:0"], capture_output=True, text=True)
            self.assertEqual(run.returncode, UNAVAILABLE, run.stderr)
            self.assertIn("can't be reached", run.stderr)
        self.stand_in(port)
        # The new index knows none yet.
        run = subprocess.run([LUCERNA, "serve", "--config", self.config, "--http", "127.0.0.1:0",
                              "--dicom", "127.0.0.1:0"], capture_output=True, text=True)
        self.assertEqual(run.returncode, BAD_INPUT, run.stderr)
        self.assertIn("lucerna reindex", run.stderr)
        self.assertIn("3 instances in 3 studies", self.run_verb("reindex", "--config", self.config))
        self.assertIn("0 damaged", self.run_verb("verify", "--config", self.config))

    def test_an_older_copy_of_the_index_is_put_back(self):
        kept = [instance(f"P{number}") for number in range(4)]
        self.keep(*kept[:2])
        dump = self.postgres.dump()
        self.keep(*kept[2:])
        endpoint = re.search('s3_endpoint = "(.*)"', self.config.read_text()).group(1)
        self.assertEqual(kept_elsewhere.services.unpublish_all(endpoint), 4)
        self.postgres.put_back(dump)
        server = self.serve()
        self.assertEqual(len(server.get("/dicom-web/studies")), 2)
        self.assertEqual(server.end(), 0)
        self.assertIn("index-put-back", self.data.with_suffix(".log").read_text())
        self.assertIn("4 instances in 4 studies", self.run_verb("reindex", "--config", self.config))
        self.assertIn("0 damaged", self.run_verb("verify", "--config", self.config))
        self.assertEqual(self.data.with_suffix(".log").read_text().count("index-put-back"), 1)


if __name__ == "__main__":
    main("BrokenBackEnds")
