"""Trains with a log of each kind: unbroken, and stopped, torn and resumed. Both must say the same.

logs.py MODEL.net
"""
import csv
import io
import json
import struct
import subprocess
import sys


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def masked(data):
    crc = crc32c(data)
    return (crc >> 15 | crc << 17) + 0xA282EAD8 & 0xFFFFFFFF


def varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 127) << shift
        at, shift = at + 1, shift + 7
        if data[at - 1] < 128:
            return value, at


def fields(data):
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        if key & 7 == 0:
            value, at = varint(data, at)
        elif key & 7 == 1:
            value, at = struct.unpack_from("<d", data, at)[0], at + 8
        elif key & 7 == 5:
            value, at = struct.unpack_from("<f", data, at)[0], at + 4
        else:
            assert key & 7 == 2, key
            size, at = varint(data, at)
            value, at = data[at:at + size], at + size
        yield key >> 3, value


def events(data):
    at, result = 0, []
    while at < len(data):
        length, crc = struct.unpack_from("<QI", data, at)
        assert crc == masked(data[at:at + 8])
        body = data[at + 12:at + 12 + length]
        assert struct.unpack_from("<I", data, at + 12 + length)[0] == masked(body)
        at += 16 + length
        event = dict(fields(body))
        assert event[1] > 1e9, "no wall time"
        if not result:
            assert event[3] == b"brain.Event:2"
            result.append("version")
            continue
        values = {}
        for number, value in fields(event[5]):
            assert number == 1
            part = dict(fields(value))
            values[part[1].decode()] = part[2]
        assert values.pop("seconds") >= 0
        result.append((event[2], values))
    return result


def json_lines(data):
    rows = [json.loads(line) for line in data.decode().splitlines()]
    for row in rows:
        assert row.pop("seconds") >= 0
    return rows


def table(data):
    rows = list(csv.DictReader(io.StringIO(data.decode())))
    for row in rows:
        assert float(row.pop("seconds")) >= 0
    return rows


def train(log, *flags):
    command = ["netc", "train", sys.argv[1], "--quiet", "--log", log, *flags]
    subprocess.run(command, check=True)
    return open(log, "rb").read()


for name, read in [("l.jsonl", json_lines), ("l.csv", table), ("l.tfevents.1", events)]:
    whole = read(train("whole-" + name, "--epochs", "6"))
    train(name, "--epochs", "4", "--checkpoint", "state")
    train("unused", "--epochs", "2", "--checkpoint", "earlier")
    with open(name, "r+b") as file:
        file.seek(0, 2)
        file.truncate(file.tell() - 5)
    again = read(train(name, "--epochs", "6", "--resume", "earlier"))
    assert again == whole, (name, again, whole)
    assert len(whole) == (7 if read is events else 6), whole

assert set(table(open("whole-l.csv", "rb").read())[0]) == {
    "epoch", "step", "loss", "validation.loss", "validation.error"}
assert set(events(open("whole-l.tfevents.1", "rb").read())[1][1]) == {
    "loss", "validation/loss", "validation/error"}
