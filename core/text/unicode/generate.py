#!/usr/bin/env python3
"""Writes tables.inc, the character tables of the tokenizers, from the Unicode Character Database.

Run by hand, only when the tables have to change:

    python3 core/text/unicode/generate.py UCD_DIR > core/text/unicode/tables.inc

UCD_DIR holds UnicodeData.txt, SpecialCasing.txt, PropList.txt, DerivedCoreProperties.txt and DerivedAge.txt of Unicode
17.0 (https://www.unicode.org/Public/17.0.0/ucd/, or Debian's package `unicode-data`).

Why not one library with one Unicode version: a tokenizer must agree with the one that the model was trained with, and
Hugging Face's `tokenizers` takes each property from another Rust crate, each frozen at another version. A newer table
would turn characters that the model saw as [UNK] into something else. DerivedAge tells which characters a version knew:

    general categories         unicode_categories                8.0
    canonical decomposition    unicode-normalization-alignments  9.0
    word characters (\\w)       regex-syntax                     16.0
    \\p{L}, \\p{N} of BPE's      Oniguruma                        16.0
    lower case, white space,
    digits                     Rust's standard library          17.0

tests/parity/tokenizer/make_goldens.py and the tests compare the result with the library itself over all code points.
"""

import sys

LAST = 0x10FFFF
CATEGORY_AGE, NORMALIZATION_AGE, WORD_AGE, PATTERN_AGE = (8, 0), (9, 0), (16, 0), (16, 0)

# Characters whose category has changed after Unicode 8.0.
CATEGORY_CORRECTIONS = {
    0x166D: "Po",  # So since 12.0
    0x1734: "Mn",  # Mc since 14.0
    0x1885: "Lo",  # Mn since 9.0
    0x1886: "Lo",  # Mn since 9.0
    0xA9BD: "Mc",  # Mn since 11.0
    0x111C9: "Po",  # Mn since 11.0
    0x1171E: "Mn",  # Mc since 16.0
}

# Bits of a property record; unicode.h names them.
WHITE_SPACE, CLEANED, PUNCTUATION, NONSPACING_MARK, WORD, LETTER, NUMBER, NUMERIC = (1 << i for i in range(8))


def lines(directory, name):
    with open(f"{directory}/{name}", encoding="utf-8") as file:
        for line in file:
            fields = [field.strip() for field in line.split("#")[0].split(";")]
            if fields[0]:
                yield fields


def code_points(field):
    first, _, last = field.partition("..")
    return range(int(first, 16), int(last or first, 16) + 1)


def members(directory, name, prop):
    return {c for fields in lines(directory, name) if fields[1] == prop for c in code_points(fields[0])}


class Database:
    def __init__(self, directory):
        self.age, self.category, self.combining_class, self.decomposition, self.lower = {}, {}, {}, {}, {}
        for fields in lines(directory, "DerivedAge.txt"):
            for c in code_points(fields[0]):
                self.age[c] = tuple(int(part) for part in fields[1].split("."))
        first = 0
        for fields in lines(directory, "UnicodeData.txt"):
            c = int(fields[0], 16)
            if fields[1].endswith("First>"):
                first = c
                continue
            for member in range(first if fields[1].endswith("Last>") else c, c + 1):
                self.category[member] = fields[2]
            if fields[3] != "0":
                self.combining_class[c] = int(fields[3])
            if fields[5] and not fields[5].startswith("<"):
                self.decomposition[c] = [int(part, 16) for part in fields[5].split()]
            if fields[13]:
                self.lower[c] = int(fields[13], 16)
        # The only unconditional one-to-many lower case; lowercase() knows it.
        special = [f for f in lines(directory, "SpecialCasing.txt") if len(f[1].split()) > 1 and len(f) < 6]
        assert [f[0] for f in special] == ["0130"] and special[0][1] == "0069 0307"
        self.white_space = members(directory, "PropList.txt", "White_Space")
        self.join_control = members(directory, "PropList.txt", "Join_Control")
        self.alphabetic = members(directory, "DerivedCoreProperties.txt", "Alphabetic")

    def record(self, c):
        """(bits, canonical combining class) of one code point."""
        bits = combining_class = 0
        age = self.age.get(c, (99, 0))
        category = CATEGORY_CORRECTIONS.get(c, self.category.get(c, "Cn")) if age <= CATEGORY_AGE else "Cn"
        if c in self.white_space:
            bits |= WHITE_SPACE
        if (category in ("Cc", "Cf", "Co") and c not in (0x09, 0x0A, 0x0D)) or c == 0xFFFD:
            bits |= CLEANED
        if category[0] == "P" or (c < 0x80 and chr(c) in "$+<=>^`|~"):
            bits |= PUNCTUATION
        if category == "Mn":
            bits |= NONSPACING_MARK
        if age <= WORD_AGE and (
            c in self.alphabetic or c in self.join_control or self.category.get(c) in ("Mn", "Mc", "Me", "Nd", "Pc")
        ):
            bits |= WORD
        now = self.category.get(c, "Cn")
        if age <= PATTERN_AGE and now[0] == "L":
            bits |= LETTER
        if age <= PATTERN_AGE and now[0] == "N":
            bits |= NUMBER
        if now[0] == "N":
            bits |= NUMERIC
        if age <= NORMALIZATION_AGE:
            combining_class = self.combining_class.get(c, 0)
        return bits, combining_class


def emit(declaration, values, form):
    print(f"inline constexpr {declaration}[] = {{")
    row = " "
    for value in values:
        text = form(value) + ","
        if len(row) + 1 + len(text) > 120:
            print(row)
            row = " "
        row += " " + text
    print(row + "\n};\n")


def main(directory):
    ucd = Database(directory)
    print("// Written by generate.py from the Unicode Character Database, version 17.0. Do not edit.")
    print("// Unicode data: Copyright (c) Unicode, Inc.; https://www.unicode.org/license.txt")
    print("// clang-format off\n")

    # Runs of code points with the same properties: first code point << 8 | index of the record.
    records, runs, previous = [], [], None
    for c in range(LAST + 1):
        record = ucd.record(c)
        if record != previous:
            if record not in records:
                records.append(record)
            runs.append(c << 8 | records.index(record))
            previous = record
    assert len(records) <= 256
    emit("Properties kRecords", records, lambda r: f"{{{r[0]}, {r[1]}}}")
    emit("uint32_t kRuns", runs, lambda r: f"0x{r:x}")
    # The run that holds the first code point of each block of 256, for the planes where runs are short.
    index, run = [], 0
    for block in range(0, 0x20000 + 0x100, 0x100):
        while run + 1 < len(runs) and runs[run + 1] >> 8 <= block:
            run += 1
        index.append(run)
    emit("uint16_t kRunOfBlock", index, str)

    # One step of canonical decomposition: c -> first (second). The planes of c and first and the index of second in
    # kSeconds (0: there is none) share 16 bits.
    known = {c: d for c, d in ucd.decomposition.items() if ucd.age[c] <= NORMALIZATION_AGE}
    seconds = [0] + sorted({d[1] for d in known.values() if len(d) == 2})
    assert all(c < 0x30000 and d[0] < 0x30000 for c, d in known.items()) and len(seconds) < 1 << 12

    def length(c):
        return sum(length(part) for part in known[c]) if c in known else 1

    assert max(map(length, known)) <= 4
    rows = []
    for c, d in sorted(known.items()):
        second = seconds.index(d[1]) if len(d) == 2 else 0
        rows.append((c & 0xFFFF, d[0] & 0xFFFF, c >> 16 | d[0] >> 16 << 2 | second << 4))
    emit("Decomposition kDecompositions", rows, lambda r: f"{{0x{r[0]:x}, 0x{r[1]:x}, {r[2]}}}")
    emit("char32_t kSeconds", seconds, lambda c: f"0x{c:x}")

    # Runs of capitals, every one or every second code point, at one distance from their small letters.
    capitals = []
    for c, small in sorted(ucd.lower.items()):
        if c < 0x80 or c == 0x130:
            continue
        if capitals:
            first, count, step, distance = capitals[-1]
            expected = (1, 2) if count == 1 else (step,)
            if small - c == distance and c - (first + (count - 1) * step) in expected and count < 1023:
                capitals[-1] = (first, count + 1, c - first if count == 1 else step, distance)
                continue
        capitals.append((c, 1, 1, small - c))
    emit("Capitals kCapitals", capitals, lambda r: f"{{0x{r[0]:x}, {r[1]}, {r[2] - 1}, {r[3]}}}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
