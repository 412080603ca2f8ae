#!/usr/bin/env python3
"""Writes normal_forms.inc: what NFKD, NFC and StripAccents of Hugging Face's `tokenizers` know of code points, beside the
canonical decompositions of tables.inc.

Run by hand, only when the tables have to change:

    python3 core/text/unicode/generate_normal_forms.py > core/text/unicode/normal_forms.inc

The library itself is asked, code point by code point (it has Unicode 9.0's of unicode-normalization-alignments).
"""

from tokenizers import normalizers

WIDTH = 120
SYLLABLES = range(0xAC00, 0xAC00 + 11172)  # of Hangul, which go by rule


def emit(declaration, values, form=hex):
    print(f"inline constexpr {declaration}[] = {{")
    row = " "
    for value in values:
        text = form(value) + ","
        if len(row) + 1 + len(text) > WIDTH:
            print(row)
            row = " "
        row += " " + text
    print(row + "\n};\n")


def runs(members):
    found = []
    for c in members:
        if found and sum(found[-1]) == c:
            found[-1][1] += 1
        else:
            found.append([c, 1])
    return found


def main():
    nfd, nfkd, nfc, strip = (getattr(normalizers, name)().normalize_str for name in ("NFD", "NFKD", "NFC", "StripAccents"))
    code_points = [c for c in range(0x80, 0x110000) if not 0xD800 <= c <= 0xDFFF]

    # Runs of code points whose decompositions are of one length, one behind the other in a pool of text.
    compatible = []
    for c in code_points:
        if (text := nfkd(chr(c))) == nfd(chr(c)):
            continue
        if compatible and compatible[-1][0] + compatible[-1][1] == c and compatible[-1][2] == len(text):
            compatible[-1][1] += 1
            compatible[-1][3] += text
        else:
            compatible.append([c, 1, len(text), text])
    pool = ""
    for text in sorted((text for *_, text in compatible), key=len, reverse=True):
        pool += "" if text in pool else text
    assert max(pool) <= "\uffff" and len(pool) < 1 << 16

    # The pair that a character is made of: what stands before its last part has a character of its own, or is one.
    composed = {}
    for c in code_points:
        whole = nfd(chr(c))
        if c in SYLLABLES or len(whole) < 2 or nfc(whole) != chr(c):
            continue
        first = nfc(whole[:-1])
        assert len(first) == 1, hex(c)
        composed[(first, whole[-1])] = c

    print("// Written by generate_normal_forms.py. Do not edit.")
    print("// Unicode data: Copyright (c) Unicode, Inc.; https://www.unicode.org/license.txt")
    print("// clang-format off\n")
    print("// Runs of characters with compatibility decompositions of one length, and where those begin in kParts.")
    emit("CompatibleRun kCompatible", compatible, lambda r: f"{{0x{r[0]:x}, {r[1]}, {r[2]}, {pool.index(r[3])}}}")
    emit("char16_t kParts", map(ord, pool))
    print("// Characters that pairs are composed to, in the order of the pairs.")
    emit("char32_t kComposed", [composed[pair] for pair in sorted(composed)])
    print("// Runs of marks: first << 11 | count.")
    emit("uint32_t kMarks", [first << 11 | count for first, count in runs(c for c in code_points if not strip(chr(c)))])


if __name__ == "__main__":
    main()
