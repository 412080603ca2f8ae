"""Judges runs in which the engine kept other positions than reference.py: near ties, or errors?

    python verify.py --model DIR --goldens FILE --departures FILE

The engine computes scores in float32, so that it may order two word-vectors the other way when their scores are nearly
the same. reference.py follows the engine's choice, layer by layer, and tells
- how far, relative to it, the worst kept score lies below the best dropped one (in float64): NEAR_TIE is accepted;
- whether the logits are those that this choice leads to.
"""

import argparse
import json
import pathlib
import sys

import torch

import reference

NEAR_TIE = 1e-6
TOLERANCE = 1e-4


def main():
    parser = argparse.ArgumentParser()
    for name in ("--model", "--goldens", "--departures"):
        parser.add_argument(name, required=True)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    departures = json.loads(pathlib.Path(arguments.departures).read_text())
    if not departures:
        print("No run kept other positions than expected.")
        return 0
    model = reference.load_model(arguments.model)
    cases = json.loads(pathlib.Path(arguments.goldens).read_text())["cases"]
    wrong = 0
    for departure in departures:
        case = cases[departure["case"]]
        ids, begin = case["ids"], case["pair_begin"]
        types = [0] * begin + [1] * (len(ids) - begin)
        answer = reference.forward(model, ids, types, departure["speedup"], imposed=departure["kept"])
        distance = max(0.0, -answer.margin)
        off = float((answer.logits - torch.tensor(departure["logits"], dtype=torch.float64)).abs().max())
        accepted = distance <= NEAR_TIE and off <= TOLERANCE
        wrong += not accepted
        print(
            f"case {departure['case']} ({len(ids)} tokens) at speedup {departure['speedup']}: scores that differ by "
            f"{distance:.1e} swapped, logits off by {off:.1e}: {'a near tie' if accepted else 'WRONG'}"
        )
    near_ties = len(departures) - wrong
    print(f"{len(departures)} runs kept other positions: {near_ties} near ties (within {NEAR_TIE:g}), {wrong} wrong.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
