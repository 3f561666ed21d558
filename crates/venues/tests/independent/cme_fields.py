"""Every field of every message of a CME MDP 3.0 capture, one to a line, read with the exchange's own schema file.

    python3 cme_fields.py templates_FixBinary.xml capture.pcap > fields.txt

Interprets the XML as it goes (no generated code, no table) and takes captures apart itself; knows the standard library
only. Written to disagree with the Rust decoder wherever that is wrong:

    packet <MsgSeqNum> <SendingTime>
    message <template> <name> version <version>
    group <name> <count>
    entry <index>
    <field name> <tag> <value>
"""

import struct
import sys
import xml.etree.ElementTree as ElementTree

SIZES = {"char": "c", "int8": "b", "uint8": "B", "int16": "h", "uint16": "H",
         "int32": "i", "uint32": "I", "int64": "q", "uint64": "Q"}


class Type:
    """A type of the schema: reads itself from bytes."""

    def __init__(self, size, show):
        self.size = size
        self.show = show


def escaped(raw):
    names = {9: "\\t", 10: "\\n", 13: "\\r", 34: '\\"', 39: "\\'", 92: "\\\\"}
    return "".join(names.get(b) or (chr(b) if 32 <= b < 127 else "\\x%02x" % b) for b in raw)


def number(node):
    code = "<" + SIZES[node.get("primitiveType")]
    null = node.get("nullValue")
    null = None if null is None else int(null)

    def show(raw):
        value = struct.unpack(code, raw)[0]
        return None if null is not None and value == null else value

    return struct.calcsize(code), show


def simple(node):
    if node.get("presence") == "constant":
        return Type(0, lambda raw, text=node.text.strip(): text)
    if node.get("primitiveType") == "char":
        length = int(node.get("length", "1"))
        if node.get("length") is None:
            return Type(1, escaped)
        return Type(length, lambda raw: escaped(raw.split(b"\0")[0]))
    return Type(*number(node))


def composite(node):
    parts = {part.get("name"): part for part in node}
    if set(parts) == {"mantissa", "exponent"}:
        size, show = number(parts["mantissa"])
        digits = -int(parts["exponent"].text)

        def decimal(raw):
            mantissa = show(raw)
            if mantissa is None:
                return None
            whole, rest = divmod(abs(mantissa), 10 ** digits)
            return "%s%d.%0*d" % ("-" if mantissa < 0 else "", whole, digits, rest)

        return Type(size, decimal)
    if "year" in parts:
        def month(raw):
            values, at = [], 0
            for part in node:
                size, show = number(part)
                value = show(raw[at:at + size])
                values.append("null" if value is None else str(value))
                at += size
            return "%s-%s-%s week %s" % tuple(values)

        return Type(5, month)
    return None


def words(node, types):
    encoding = types[node.get("encodingType")]
    names = {value.text.strip(): value.get("name") for value in node}
    if node.tag == "enum":
        def show(raw):
            value = encoding.show(raw)
            if value is None:
                return None
            return names.get(str(value), value if isinstance(value, int) else str(raw[0]))
    else:
        def show(raw):
            value = encoding.show(raw)
            bits = [bit for bit in range(encoding.size * 8) if value >> bit & 1]
            return "|".join(names.get(str(bit), "bit%d" % bit) for bit in bits) or "none"
    return Type(encoding.size, show)


class Schema:
    def __init__(self, path):
        root = ElementTree.parse(path).getroot()
        self.types = {}
        for node in root.find("types"):
            made = {"type": simple, "composite": composite}.get(node.tag, lambda n: words(n, self.types))(node)
            if made is not None:
                self.types[node.get("name")] = made
        self.messages = {int(m.get("id")): m for m in root if m.tag.split("}")[-1] == "message"}


def fields(schema, node, block, version, out):
    for field in node:
        if field.tag != "field":
            continue
        kind = schema.types[field.get("type")]
        at = int(field.get("offset", "0"))
        raw = block[at:at + kind.size]
        is_there = len(raw) == kind.size and int(field.get("sinceVersion", "0")) <= version
        value = kind.show(raw) if is_there else None
        out.append("%s %s %s" % (field.get("name"), field.get("id"), "null" if value is None else value))


def packet(schema, payload, out):
    out.append("packet %d %d" % struct.unpack_from("<IQ", payload))
    at = 12
    while at < len(payload):
        size, length, template, _, version = struct.unpack_from("<5H", payload, at)
        body, end = payload[at + 10:at + size], at + size
        node = schema.messages.get(template)
        out.append("message %d %s version %d" % (template, "?" if node is None else node.get("name"), version))
        at = end
        if node is None:
            continue
        fields(schema, node, body[:length], version, out)
        rest = body[length:]
        for group in node:
            if group.tag != "group" or int(group.get("sinceVersion", "0")) > version:
                continue
            wide = group.get("dimensionType") == "groupSize8Byte"
            if len(rest) < (8 if wide else 3):
                continue
            entry = struct.unpack_from("<H", rest)[0]
            count = rest[7] if wide else rest[2]
            rest = rest[8 if wide else 3:]
            out.append("group %s %d" % (group.get("name"), count))
            for index in range(count):
                out.append("entry %d" % index)
                fields(schema, group, rest[:entry], version, out)
                rest = rest[entry:]


def frames(data):
    """Link-layer frames of a pcap or pcapng file."""
    magic = struct.unpack_from("<I", data)[0]
    if magic == 0x0A0D0D0A:
        at = 0
        while at < len(data):
            kind, length = struct.unpack_from("<II", data, at)
            if kind == 6:
                captured = struct.unpack_from("<I", data, at + 20)[0]
                yield data[at + 28:at + 28 + captured]
            at += length
    else:
        order = "<" if magic in (0xA1B2C3D4, 0xA1B23C4D) else ">"
        at = 24
        while at < len(data):
            captured = struct.unpack_from(order + "I", data, at + 8)[0]
            yield data[at + 16:at + 16 + captured]
            at += 16 + captured


def payload(frame):
    """What a UDP datagram over IPv4 over Ethernet carries, or None."""
    kind, at = struct.unpack_from(">H", frame, 12)[0], 14
    while kind in (0x8100, 0x88A8):
        kind, at = struct.unpack_from(">H", frame, at + 2)[0], at + 4
    if kind != 0x0800 or frame[at + 9] != 17:
        return None
    at += (frame[at] & 15) * 4
    length = struct.unpack_from(">H", frame, at + 4)[0]
    return frame[at + 8:at + length]


def main():
    schema = Schema(sys.argv[1])
    with open(sys.argv[2], "rb") as file:
        data = file.read()
    out = []
    for frame in frames(data):
        datagram = payload(frame)
        if datagram is not None:
            packet(schema, datagram, out)
    sys.stdout.write("\n".join(out) + "\n")


main()
