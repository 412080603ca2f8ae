"""What `npx latformer sweep` measures, by reference.py: accuracy, MACs and achieved speedup on labelled sentences.

    python accuracy.py --model DIR [--speedups 1,2,3,4.8] [--limit N] FILE.tsv

FILE has the columns sentence and label (a number). Slow, for it is float64 and one text at a time; the point is that
the engine's accuracy must come out the same.
"""

import argparse
import json
import pathlib

import torch

import make_goldens
import reference
import texts


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("file")
    parser.add_argument("--model", required=True)
    parser.add_argument("--speedups", default="1,2,3,4.8")
    parser.add_argument("--limit", type=int, help="the first so many texts")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    model = reference.load_model(arguments.model)
    encode = make_goldens.load_tokenizer(arguments.model, model.config["max_position_embeddings"])
    rows = list(texts.read_column(pathlib.Path(arguments.file), "sentence", "label"))[: arguments.limit]
    encoded = [(encode(text, None), int(label)) for text, label in rows]
    for speedup in map(float, arguments.speedups.split(",")):
        right = macs = achieved = 0
        for (ids, type_ids, _), label in encoded:
            answer = reference.forward(model, ids, type_ids, speedup)
            right += int(answer.logits.argmax()) == label
            macs += answer.schedule.macs
            achieved += answer.schedule.achieved
        count = len(encoded)
        line = {"speedup": speedup, "texts": count, "right": right, "accuracy": round(100 * right / count, 2)}
        line |= {"macs": round(macs / count), "achieved": round(achieved / count, 4)}
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
