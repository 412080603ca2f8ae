"""A precompiled_charsmap as SentencePiece writes it: a double array from UTF-8 keys to what they become.

    u32 size of the array in bytes, its units (u32), then the replacements, each ended by a zero byte

    unit = label | has_leaf << 8 | offset << 10      of an inner node; its child by byte c is at (place ^ offset) ^ c
    unit = value | 1 << 31                           of a leaf, the child by byte 0: where its replacement begins
"""

import struct


def charsmap(rules):
    """rules: {key: replacement}, keys not empty."""
    texts, values = b"", {}
    for key, replacement in sorted(rules.items()):
        values[key.encode()] = len(texts)
        texts += replacement.encode() + b"\0"
    root = {}
    for key, value in values.items():
        node = root
        for byte in key:
            node = node.setdefault(byte, {})
        node[0] = value
    units, taken, bases, first_free = [0], {0}, set(), 1

    def place(node, at, label):
        nonlocal first_free
        children = sorted(node)  # of nodes with other bases, whose labels tell them apart
        base = first_free - first_free % 256 if len(children) > 1 else first_free ^ children[0]
        while any(base ^ child in taken for child in children) or base in bases or base ^ at >= 1 << 21:
            base += 1
        bases.add(base)
        for child in children:
            taken.add(base ^ child)
            units.extend([0] * (max(base ^ child, len(units)) + 1 - len(units)))
        while first_free in taken:
            first_free += 1
        units[at] = label | (256 if 0 in node else 0) | (base ^ at) << 10
        for child in children:
            if child == 0:
                units[base] = node[0] | 1 << 31
            else:
                place(node[child], base ^ child, child)

    place(root, 0, 0)
    units.extend([0] * (-len(units) % 256))
    return struct.pack(f"<I{len(units)}I", 4 * len(units), *units) + texts
