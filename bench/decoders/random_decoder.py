"""Writes a decoder of a well-known shape with random weights, as a Hugging Face folder: enough to time.

    python random_decoder.py gpt2 DIR          # 12 layers of 768, as GPT-2 small
    python random_decoder.py distilgpt2 DIR
"""

import argparse
import json
import pathlib

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import GPT2Config, GPT2LMHeadModel

SHAPES = {"gpt2": dict(n_layer=12), "distilgpt2": dict(n_layer=6)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shape", choices=SHAPES)
    parser.add_argument("folder", type=pathlib.Path)
    arguments = parser.parse_args()
    torch.manual_seed(1)
    GPT2LMHeadModel(GPT2Config(**SHAPES[arguments.shape])).save_pretrained(arguments.folder)
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE(vocab={letter: i for i, letter in enumerate(letters)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.save(str(arguments.folder / "tokenizer.json"))
    settings = {"tokenizer_class": "GPT2Tokenizer"}
    (arguments.folder / "tokenizer_config.json").write_text(json.dumps(settings) + "\n")


if __name__ == "__main__":
    main()
