"""Reads property lists as Python's plistlib does, for a comparison with the host's own reader.

Standard input has one request after the other: a letter, four bytes of length (the highest first),
and a file. Each gets one line:
  r  ok DIGEST (SHA-256 of the tree in the form below), or: refused WHY
  b  the same file as a binary property list, in hexadecimal, or: refused WHY
A tree is a letter for the kind and the value; texts and counts have their length in front.
"""

import datetime
import hashlib
import plistlib
import struct
import sys

NODES_MAX = 300_000


def form(root):
    out = []
    ahead = [(None, root)]
    nodes = 0
    while ahead:
        key, value = ahead.pop()
        nodes += 1
        if nodes > NODES_MAX:
            raise ValueError("too many values")
        if key is not None:
            out.append(sized(b"k", key.encode()))
        if isinstance(value, dict):
            out.append(b"d%d:" % len(value))
            if not all(isinstance(key, str) for key in value):
                raise ValueError("a key that is no text")
            entries = sorted(value.items(), key=lambda entry: entry[0].encode())
            ahead.extend(reversed(entries))
        elif isinstance(value, list):
            out.append(b"a%d:" % len(value))
            ahead.extend((None, item) for item in reversed(value))
        elif isinstance(value, bool):
            out.append(b"1" if value else b"0")
        elif isinstance(value, int):
            out.append(b"i%d:" % value)
        elif isinstance(value, float):
            out.append(b"r" + struct.pack(">d", value))
        elif isinstance(value, str):
            out.append(sized(b"s", value.encode()))
        elif isinstance(value, (bytes, bytearray)):
            out.append(sized(b"b", bytes(value)))
        elif isinstance(value, datetime.datetime):
            out.append(sized(b"t", (value.replace(microsecond=0).isoformat() + "Z").encode()))
        else:
            raise ValueError("a value of another kind: " + type(value).__name__)
    return b"".join(out)


def sized(kind, content):
    return kind + b"%d:" % len(content) + content


def answer(kind, file):
    if kind == b"b":
        return plistlib.dumps(plistlib.loads(file), fmt=plistlib.FMT_BINARY).hex()
    return "ok " + hashlib.sha256(form(plistlib.loads(file))).hexdigest()


def main():
    requests = sys.stdin.buffer
    while head := requests.read(5):
        file = requests.read(struct.unpack(">I", head[1:])[0])
        try:
            line = answer(head[:1], file)
        except Exception as error:  # every way in which it can refuse
            line = "refused %s: %s" % (type(error).__name__, str(error)[:100].replace("\n", " "))
        print(line, flush=False)


main()
