"""A Hugging Face folder of a BERT -> the same as a BertForSequenceClassification: a pretrained encoder without a classifier
gets one of two labels from a fixed seed, which costs what a trained one does. All that the benchmark times comes from here.

    python add_head.py FOLDER OUT
"""

import json
import pathlib
import shutil
import sys

import torch
from safetensors import safe_open
from transformers import AutoTokenizer, BertForSequenceClassification


def main():
    folder, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    AutoTokenizer.from_pretrained(folder).save_pretrained(out)
    with safe_open(folder / "model.safetensors", framework="pt") as tensors:
        has_head = "classifier.weight" in tensors.keys()
    if has_head:
        for name in ("config.json", "model.safetensors", "profile.json"):
            if (folder / name).exists():
                shutil.copyfile(folder / name, out / name)
        return
    torch.manual_seed(0)
    BertForSequenceClassification.from_pretrained(folder, num_labels=2, dtype=torch.float32).save_pretrained(out)
    config = json.loads((out / "config.json").read_text())
    (out / "config.json").write_text(json.dumps(config | {"problem_type": "single_label_classification"}, indent=2))


if __name__ == "__main__":
    main()
