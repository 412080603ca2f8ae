"""Copies a folder of a BERT that is no classifier (a plain encoder, a masked language model), with a head put on.

    python add_head.py DIR COPY

The head is random but always the same: a classifier of two labels, and a pooler if there is none. What it answers means
nothing; that two implementations answer the same does. Prints what was added; nothing if DIR has its head already (then
there is no copy).
"""

import json
import pathlib
import shutil
import sys

import torch
from safetensors.torch import load_file, save_file


def main():
    folder, copy = map(pathlib.Path, sys.argv[1:])
    tensors = load_file(folder / "model.safetensors")
    hidden = json.loads((folder / "config.json").read_text())["hidden_size"]
    prefix = "bert." if any(name.startswith("bert.") for name in tensors) else ""
    generator = torch.Generator().manual_seed(1)
    added = []
    for name, rows in ((prefix + "pooler.dense", hidden), ("classifier", 2)):
        if name + ".weight" not in tensors:
            tensors[name + ".weight"] = torch.randn(rows, hidden, generator=generator) * 0.05
            tensors[name + ".bias"] = torch.randn(rows, generator=generator) * 0.05
            added.append(name)
    if added:
        shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("model.safetensors", "*.bin", ".*"))
        save_file(tensors, copy / "model.safetensors", metadata={"format": "pt"})
        print(", ".join(added))


if __name__ == "__main__":
    main()
