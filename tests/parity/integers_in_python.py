#!/usr/bin/env python3
"""Whether Python reads an int8 or 4-bit model folder as Latformer does.

    python3 integers_in_python.py FOLDER [TSV [SOURCE]]

Loads FOLDER with transformers (>= 5) and compressed-tensors (>= 0.15), and compares its logits with those of a plain
float BERT whose weights are integers times scale, worked out here: they must agree to 1e-5. With a TSV of the columns
`sentence` and `label` on all its sentences, printing the accuracy, and with SOURCE, the folder FOLDER was made from, also
that one's accuracy and how many answers differ. Exit code 1 if they do not agree.

transformers 5.23 cannot load embeddings of 4 bits: of these, compressed-tensors itself unpacks each weight.
"""

import csv
import json
import pathlib
import sys

import torch
from reference import stored_weights
from safetensors.torch import load_file
from transformers import AutoModelForSequenceClassification, AutoTokenizer, BertConfig, BertForSequenceClassification

SENTENCES = ["A joy from start to finish.", "A dull, lifeless film.", "It is what it is.", ""]
BATCH = 32


def widened(folder):
    """A float model of integers times scale."""
    weights = {name: tensor.float() for name, tensor in stored_weights(folder).items()}
    settings = json.loads((folder / "config.json").read_text())
    settings.pop("quantization_config", None)
    model = BertForSequenceClassification(BertConfig(**settings))
    model.load_state_dict(weights)
    return model.eval()


def unpacked(folder):
    """A float model of 4 bits, by compressed-tensors."""
    from compressed_tensors.compressors.pack_quantized.helpers import unpack_from_int32

    stored = load_file(folder / "model.safetensors")
    model = widened(folder)
    weights = model.state_dict()
    for name in [name.removesuffix("_packed") for name in stored if name.endswith("_packed")]:
        shape = torch.Size(stored[name + "_shape"].tolist())
        scales = stored[name + "_scale"].float()
        numbers = unpack_from_int32(stored[name + "_packed"], 4, shape).float()
        weights[name] = numbers * scales.repeat_interleave(shape[1] // scales.shape[1], dim=1)
    model.load_state_dict(weights)
    return model


def logits_of(model, tokenizer, sentences):
    rows = []
    with torch.no_grad():
        for begin in range(0, len(sentences), BATCH):
            batch = tokenizer(sentences[begin : begin + BATCH], padding=True, truncation=True, return_tensors="pt")
            rows.append(model(**batch).logits.float())
    return torch.cat(rows)


def accuracy(logits, labels):
    return 100 * (logits.argmax(1) == labels).float().mean().item()


def main():
    if len(sys.argv) not in (2, 3, 4):
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[1])
    sentences, labels = SENTENCES, None
    if len(sys.argv) > 2:
        with open(sys.argv[2], encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
        sentences = [row["sentence"] for row in rows]
        labels = torch.tensor([int(row["label"]) for row in rows])

    tokenizer = AutoTokenizer.from_pretrained(folder)
    is_packed = "pack-quantized" in (folder / "config.json").read_text()
    model = unpacked(folder) if is_packed else AutoModelForSequenceClassification.from_pretrained(folder).eval()
    python = logits_of(model, tokenizer, sentences)
    plain = logits_of(widened(folder), tokenizer, sentences)
    difference = (python - plain).abs().max().item()
    print(f"{len(sentences)} sentences, largest difference of a logit {difference:.1e}")
    if labels is not None:
        print(f"accuracy {accuracy(python, labels):.2f} %")
    if len(sys.argv) > 3:
        model = AutoModelForSequenceClassification.from_pretrained(sys.argv[3], dtype=torch.float32).eval()
        source = logits_of(model, tokenizer, sentences)
        flips = (source.argmax(1) != python.argmax(1)).sum().item()
        print(f"accuracy of {sys.argv[3]} {accuracy(source, labels):.2f} %, {flips} answers differ")
    return 0 if difference < 1e-5 else 1


if __name__ == "__main__":
    sys.exit(main())
