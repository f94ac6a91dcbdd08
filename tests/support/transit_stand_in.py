#!/usr/bin/env python3
"""Speaks as much of HashiCorp Vault's transit API as Lucerna uses, for the tests.

    transit_stand_in.py STATE_FILE TOKEN [PORT]

Prints its port, then serves on loopback until it is ended. The keys live in STATE_FILE, which is
made with one key named "lucerna"; a file STATE_FILE.sealed beside it makes it answer as a sealed
Vault does, a file STATE_FILE.answer-all, "STATUS BODY", with that alone, and one whose name ends with
"encrypt", "decrypt" or "keys" with that to what is asked so.
"""
import base64
import http.server
import json
import os
import pathlib
import re
import sys

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM


class Refusal(Exception):
    def __init__(self, status, *errors):
        super().__init__(status)
        self.status, self.errors = status, list(errors)


class Keys:
    def __init__(self, path):
        self.path = pathlib.Path(path)
        if not self.path.exists():
            self.held = {"lucerna": {"keys": [], "min": 1}}
            self.rotate("lucerna")
        self.held = json.loads(self.path.read_text())

    def save(self):
        new = self.path.with_suffix(".new")
        new.write_text(json.dumps(self.held))
        new.replace(self.path)

    def of(self, name, status=400):
        if name not in self.held:
            raise Refusal(status, *(["encryption key not found"] if status == 400 else []))
        return self.held[name]

    def rotate(self, name):
        self.of(name, 404)["keys"].append(base64.b64encode(os.urandom(32)).decode())
        self.save()

    def encrypt(self, name, plain):
        versions, nonce = self.of(name)["keys"], os.urandom(12)
        sealed = nonce + AESGCM(base64.b64decode(versions[-1])).encrypt(nonce, plain, None)
        return f"vault:v{len(versions)}:{base64.b64encode(sealed).decode()}"

    def decrypt(self, name, text):
        key = self.of(name)
        match = re.fullmatch(r"vault:v([0-9]+):(.*)", text, re.DOTALL)
        if not match:
            raise Refusal(400, "invalid ciphertext: no prefix")
        version = int(match.group(1))
        if version < key["min"]:
            raise Refusal(400, "ciphertext or signature version is disallowed by policy (too old)")
        if not 1 <= version <= len(key["keys"]):
            raise Refusal(400, "invalid ciphertext: version is too new")
        try:
            sealed = base64.b64decode(match.group(2), validate=True)
            return AESGCM(base64.b64decode(key["keys"][version - 1])).decrypt(sealed[:12], sealed[12:], None)
        except (ValueError, InvalidTag) as error:
            raise Refusal(400, "cipher: message authentication failed") from error


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    keys, token = None, None

    def answer(self, status, body):
        self.send(status, b"" if body is None else json.dumps(body).encode())

    def send(self, status, text):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def handle_request(self, body):
        if pathlib.Path(f"{self.keys.path}.sealed").exists():
            raise Refusal(503, "Vault is sealed")
        if self.headers.get("X-Vault-Token") != self.token:
            raise Refusal(403, "permission denied")
        match = re.fullmatch(r"/v1/transit/(keys|encrypt|decrypt)/([^/]+)(/rotate|/config)?", self.path)
        if not match:
            raise Refusal(404)
        what, name, more = match.groups()
        if what == "keys" and body is None:
            key = self.keys.of(name, 404)
            return {"data": {"name": name, "type": "aes256-gcm96", "latest_version": len(key["keys"]),
                             "min_decryption_version": key["min"], "min_encryption_version": 0}}
        if more == "/rotate":
            return self.keys.rotate(name)
        if more == "/config":
            self.keys.of(name)["min"] = int(body["min_decryption_version"])
            return self.keys.save()
        if what == "encrypt":
            return {"data": {"ciphertext": self.keys.encrypt(name, base64.b64decode(body["plaintext"]))}}
        plain = self.keys.decrypt(name, body["ciphertext"])
        return {"data": {"plaintext": base64.b64encode(plain).decode()}}

    def reply(self, body):
        for what in ("all", *self.path.split("/")[3:4]):
            told = pathlib.Path(f"{self.keys.path}.answer-{what}")
            if told.exists():
                status, text = told.read_text().split(" ", 1)
                self.send(int(status), text.encode())
                return
        try:
            answer = self.handle_request(body)
            self.answer(204 if answer is None else 200, answer)
        except Refusal as refusal:
            self.answer(refusal.status, {"errors": refusal.errors})

    def do_GET(self):
        self.reply(None)

    def do_POST(self):
        self.reply(json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}"))

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    Handler.keys, Handler.token = Keys(sys.argv[1]), sys.argv[2]
    port = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()
