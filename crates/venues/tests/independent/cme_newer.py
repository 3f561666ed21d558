"""The schemas after the exchange's files as XML, and messages of them in a capture, from our own facts.

    python3 cme_newer.py facts.txt schema.xml capture.pcap [templates_FixBinary.xml]

Shares nothing with the Rust generator: reads the facts itself, lays the fields of a block out one behind the other
(never by their offsets, which go into the XML only) and writes bytes of chance, nulls among them, for every template
and every schema that has it. Blocks end where that schema ended; schema 14 is made up, and longer. With the
exchange's last file, what was added to its messages is added there.
"""

import random
import struct
import sys
import xml.etree.ElementTree as ElementTree

SIZES = {"char": 1, "int8": 1, "uint8": 1, "int16": 2, "uint16": 2, "int32": 4, "uint32": 4, "int64": 8, "uint64": 8}
LARGEST = {"int8": 2**7 - 1, "uint8": 2**8 - 1, "int16": 2**15 - 1, "uint16": 2**16 - 1, "int32": 2**31 - 1,
           "uint32": 2**32 - 1, "int64": 2**63 - 1, "uint64": 2**64 - 1}


def number(parent, tag, name, primitive, null):
    node = ElementTree.SubElement(parent, tag, name=name, primitiveType=primitive)
    if null:
        node.set("nullValue", str(LARGEST[primitive]))
    return node


class Facts:
    def __init__(self, path):
        self.root = ElementTree.Element("messageSchema", byteOrder="littleEndian")
        self.types = ElementTree.SubElement(self.root, "types")
        self.sizes = {}      # bytes of a type
        self.nulls = {}      # the bytes that stand for "absent"
        self.blocks = {}     # (template, group or None) -> [bytes, [(name, type, since)]]
        self.added = []      # (template, group or None, bytes, field nodes)
        for line in open(path):
            words = line.split()
            if words and not line.startswith("#"):
                self.detail(words) if line.startswith(" ") else self.statement(words)

    def statement(self, words):
        what = words[0]
        if what == "schema":
            self.version = int(words[1])
            self.root.set("version", words[1])
        elif what == "type":
            self.type(words[1], words[2:])
        elif what in ("enum", "set"):
            self.under = ElementTree.SubElement(self.types, what, name=words[1], encodingType=words[2])
            self.value = "validValue" if what == "enum" else "choice"
            self.sizes[words[1]] = self.sizes[words[2]]
            self.nulls[words[1]] = self.nulls.get(words[2])
        elif what == "message":
            self.template, self.value = int(words[1]), None
            self.message = self.under = ElementTree.SubElement(
                self.root, "message", id=words[1], name=words[2], blockLength=words[3], sinceVersion=words[5])
            self.fields = self.blocks.setdefault((self.template, None), [int(words[3]), []])[1]
        elif what == "group":
            wide = "wide" in words
            self.under = ElementTree.SubElement(self.message, "group", name=words[1], id=words[2],
                                                blockLength=words[3],
                                                dimensionType="groupSize8Byte" if wide else "groupSize")
            if "since" in words:
                self.under.set("sinceVersion", words[-1])
            self.fields = self.blocks.setdefault((self.template, words[1]), [int(words[3]), []])[1]
        elif what in ("add", "in"):
            if what == "add":
                self.template, self.value = int(words[1]), None
            self.under, self.fields = ElementTree.Element("none"), []
            self.added.append((self.template, words[1] if what == "in" else None, words[2], self.under))

    def detail(self, words):
        if self.value:
            ElementTree.SubElement(self.under, self.value, name=words[1]).text = words[0]
            return
        at, name, tag, kind = words[:4]
        node = ElementTree.SubElement(self.under, "field", name=name, id=tag, type=kind)
        if at != "-":
            node.set("offset", at)
        if len(words) > 4:
            node.set("sinceVersion", words[5])
        self.fields.append((name, kind, int(words[5]) if len(words) > 4 else 0))

    def type(self, name, words):
        kind = words[0]
        if "=" in words:
            node = ElementTree.SubElement(self.types, "type", name=name, primitiveType=kind, presence="constant")
            node.text, self.sizes[name] = words[-1], 0
        elif kind == "text":
            ElementTree.SubElement(self.types, "type", name=name, primitiveType="char", length=words[1])
            self.sizes[name] = int(words[1])
        elif kind == "decimal":
            node = ElementTree.SubElement(self.types, "composite", name=name)
            number(node, "type", "mantissa", words[2], "null" in words)
            exponent = ElementTree.SubElement(node, "type", name="exponent", primitiveType="int8",
                                              presence="constant")
            exponent.text, self.sizes[name] = words[1], SIZES[words[2]]
            if "null" in words:
                self.nulls[name] = LARGEST[words[2]].to_bytes(SIZES[words[2]], "little")
        elif kind == "month":
            node = ElementTree.SubElement(self.types, "composite", name=name)
            for part, primitive in (("year", "uint16"), ("month", "uint8"), ("day", "uint8"), ("week", "uint8")):
                number(node, "type", part, primitive, True)
            self.sizes[name], self.nulls[name] = 5, b"\xff" * 5
        else:
            number(self.types, "type", name, kind, "null" in words)
            self.sizes[name] = SIZES[kind]
            if "null" in words:
                self.nulls[name] = LARGEST[kind].to_bytes(SIZES[kind], "little")

    def over(self, path):
        """The exchange's last file, with what was added to its messages, and the messages that are new."""
        tree = ElementTree.parse(path).getroot()
        types = tree.find("types")
        ours = {node.get("name") for node in self.types}
        for node in [node for node in types if node.get("name") in ours]:
            types.remove(node)
        # What encodes words comes before them.
        for at, node in enumerate(self.types):
            types.insert(at, node)
        messages = {int(node.get("id")): node for node in tree if node.tag.split("}")[-1] == "message"}
        for template, group, length, fields in self.added:
            node = messages[template]
            if group is not None:
                node = next(child for child in node if child.get("name") == group)
            node.set("blockLength", length)
            # Fields come before groups.
            at = sum(child.tag == "field" for child in node)
            for more, field in enumerate(fields):
                node.insert(at + more, field)
        tree.extend(node for node in self.root if node.tag == "message")
        self.root = tree


def block(facts, key, version, chance):
    """One block, as the schema of this version has it; a later one has more."""
    length, fields = facts.blocks[key]
    out = b""
    for _, kind, since in fields:
        size = facts.sizes[kind]
        if since > version:
            break
        null = facts.nulls.get(kind)
        raw = bytes(chance.randrange(256) for _ in range(size))
        out += null if null is not None and chance.random() < 0.3 else raw
    if version >= facts.version:
        out += bytes(length - len(out))
    if version > facts.version:
        out += bytes(chance.randrange(256) for _ in range(chance.randrange(1, 40)))
    return out


def message(facts, node, version, chance):
    template = int(node.get("id"))
    root = block(facts, (template, None), version, chance)
    body = root
    for group in node:
        if group.tag != "group" or int(group.get("sinceVersion", "0")) > version:
            continue
        state, count = chance.getstate(), chance.randrange(4)
        entry = block(facts, (template, group.get("name")), version, chance)
        entries = [entry]
        while len(entries) < count:
            more = block(facts, (template, group.get("name")), version, chance)
            if len(more) == len(entry):
                entries.append(more)
        wide = group.get("dimensionType") == "groupSize8Byte"
        body += struct.pack("<H", len(entry)) + (bytes(5) if wide else b"") + bytes([count])
        body += b"".join(entries[:count])
    return struct.pack("<5H", 10 + len(body), len(root), template, 1, version) + body


def frame(payload):
    udp = struct.pack(">4H", 14310, 14310, 8 + len(payload), 0) + payload
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, b"\x0a\0\0\1", b"\xe0\0\x1f\1")
    return bytes(12) + b"\x08\0" + ip + udp


def main():
    facts = Facts(sys.argv[1])
    chance = random.Random(13)
    new = [node for node in facts.root if node.tag == "message"]
    out = [struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 65535, 1)]
    sequence = 0
    for node in new:
        for version in range(int(node.get("sinceVersion")), facts.version + 2):
            for _ in range(20):
                sequence += 1
                packet = struct.pack("<IQ", sequence, 10**18 + sequence) + message(facts, node, version, chance)
                whole = frame(packet)
                out.append(struct.pack("<4I", sequence, 0, len(whole), len(whole)) + whole)
    with open(sys.argv[3], "wb") as file:
        file.write(b"".join(out))
    if len(sys.argv) > 4:
        facts.over(sys.argv[4])
    ElementTree.ElementTree(facts.root).write(sys.argv[2])


main()
