#!/usr/bin/env python3
"""Writes graphemes.inc: which characters grapheme clusters take along, as Hugging Face's `tokenizers` has them.

Run by hand, only when the table has to change:

    python3 core/text/unicode/generate_graphemes.py > core/text/unicode/graphemes.inc

A normalizer that maps "a" to "X" swallows what belongs to the same cluster: that is asked of every code point. (It is
Grapheme_Extend, SpacingMark and the joiner, of Unicode 16.0 as of tokenizers 0.23.)
"""

import pathlib
import sys

from tokenizers import normalizers

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "tests/parity/tokenizer"))
from charsmap import charsmap  # noqa: E402

WIDTH = 120


def main():
    normalizer = normalizers.Precompiled(charsmap({"a": "X"}))
    runs = []
    for c in range(0x80, 0x110000):
        if 0xD800 <= c <= 0xDFFF or normalizer.normalize_str("a" + chr(c)) != "X":
            continue
        if runs and sum(runs[-1]) == c:
            runs[-1][1] += 1
        else:
            runs.append([c, 1])
    print("// Written by generate_graphemes.py. Do not edit.")
    print("// clang-format off\n")
    print("// Runs of code points: first << 11 | count.")
    print("inline constexpr uint32_t kAttachedRuns[] = {")
    row = " "
    for first, count in runs:
        text = f"0x{first << 11 | count:x},"
        if len(row) + 1 + len(text) > WIDTH:
            print(row)
            row = " "
        row += " " + text
    print(row + "\n};")


if __name__ == "__main__":
    main()
