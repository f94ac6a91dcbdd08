#!/usr/bin/env python3
"""Opens one stored object, from docs/formats/sealed-object.md alone.

read_sealed_object.py KEY_FILE DATA_FOLDER OBJECT_NAME > file.dcm
"""
import base64
import hashlib
import pathlib
import sys

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


def key_encryption_keys(path):
    text, _, checksum = pathlib.Path(path).read_text().rpartition("sha256 ")
    assert hashlib.sha256(text.encode()).hexdigest() == checksum.strip()
    first, *lines = text.splitlines()
    assert first == "lucerna-key-encryption-keys/2", first
    return {name: base64.b64decode(key) for name, key in (line.split(" ") for line in lines)}


def data_key(folder, name, keys):
    first, *lines = (folder / "keys" / name).read_text().splitlines()
    assert first == "lucerna-data-key/1", first
    record = dict(line.split(" ", 1) for line in lines)
    wrapped = base64.b64decode(record["wrapped"])
    purpose = b"lucerna data key " + name.encode()
    return AESGCM(keys[record["provider-key"]]).decrypt(wrapped[:12], wrapped[12:], purpose)


def plain_bytes(sealed, folder, keys, name):
    header, body = sealed[:64], sealed[64:]
    assert header[:8] == b"LUCSEAL\x01" and header[16:32].hex() == name
    chunk = (1 << header[8]) + 16
    derive = HKDF(hashes.SHA256(), 32, salt=header[48:64], info=b"lucerna sealed object 1")
    cipher = AESGCM(derive.derive(data_key(folder, header[32:48].hex(), keys)))
    count = -(-len(body) // chunk)
    for number in range(count):
        nonce = number.to_bytes(11, "big") + bytes([number == count - 1])
        yield cipher.decrypt(nonce, body[number * chunk:(number + 1) * chunk], header)


if __name__ == "__main__":
    key_file, data_folder, object_name = sys.argv[1:]
    data = pathlib.Path(data_folder)
    stored = (data / "objects" / object_name[:2] / object_name).read_bytes()
    for part in plain_bytes(stored, data, key_encryption_keys(key_file), object_name):
        sys.stdout.buffer.write(part)
