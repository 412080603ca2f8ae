"""Makes goldens: what a model must answer, by Hugging Face's libraries and by reference.py.

    python make_goldens.py                       # all folders of models/, made inputs -> goldens/<name>.json
    python make_goldens.py --model DIR --out FILE [--data DIR] [--count 200] [--near-ties keep]

Token ids come from the `tokenizers` library. At speedup 1 the logits are those of transformers'
own class, BertForSequenceClassification say (eager attention, float32), and reference.py must agree with them within 1e-5 or nothing
is written; at other speedups they are reference.py's. Every answer is also computed without the last layer's short cut
and must be the same; and of the first inputs the whole of transformers' pipeline must give the same scores. With --data
the inputs are real sentences (see texts.py).

A golden file, one case a line:

    { "model": "tests/parity/models/merge-f32",   folder, from the root of the repository where it is inside
      "layers": 4, "labels": 2, "max_speedup": 6, "speedups": [1, 1.5, 2, ...], "near_ties": 3,
      "token_types": false,                       absent where the model has them; else type ids are 0
      "cases": [
        { "text": "...", "pair": "...",           pair is absent for a single text
          "ids": [2, 71, ...],                    cut to what the model has positions for
          "pair_begin": 17,                       type id 0 before this token, 1 from it on; the number of ids if single
          "truncated": true,                      absent if nothing was cut
          "runs": [
            { "speedup": 2, "achieved": 2.0129, "macs": 812345,
              "counts": [12, 9, 7, 1],            word-vectors that leave each layer, the rest row included
              "survived": "41123...",             for each token in how many layers it was kept, base 36: token i is
                                                  among layer l's kept positions (l = 1, 2, ...) if survived[i] >= l
              "logits": [...], "scores": [...] } ] } ] }

The engine chooses in float32. Where a kept and a dropped score differ by less than NEAR_TIE of themselves, either
choice is right and the run is left out (near_ties counts these), so whatever stands here must be met exactly. With
`--near-ties keep` they stay, and verify.py judges the differences.
"""

import argparse
import json
import pathlib
import sys
import tempfile
import zlib

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer
from tokenizers.implementations import BertWordPieceTokenizer
from transformers import AutoTokenizer, AutoConfig, AutoModelForSequenceClassification, TextClassificationPipeline
from transformers.utils import logging

import reference
import texts

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SPEEDUPS = [1, 1.5, 2, 3, 4.8]
FEW_SPEEDUPS = [1, 2, 4.8]  # of long texts, to keep the files small
LONG = 160  # tokens
IN_PIPELINE = 30  # inputs
NEAR_TIE = 1e-5
HUGGING_FACE_TOLERANCE = 1e-5
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def load_tokenizer(folder, max_tokens):
    folder = pathlib.Path(folder)
    if (folder / "tokenizer.json").exists():
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    else:
        path = folder / "tokenizer_config.json"
        settings = json.loads(path.read_text()) if path.exists() else {}
        tokenizer = BertWordPieceTokenizer(
            str(folder / "vocab.txt"),
            lowercase=settings.get("do_lower_case", True),
            strip_accents=settings.get("strip_accents"),
            handle_chinese_chars=settings.get("tokenize_chinese_chars", True),
        )
    tokenizer.no_padding()
    # AlbertTokenizer of transformers 5 does not tell the texts of a pair apart, though its template does.
    class_file = folder / "tokenizer_config.json"
    has_types = not class_file.exists() or json.loads(class_file.read_text()).get("tokenizer_class") != "AlbertTokenizer"

    def encode(text, pair):
        tokenizer.no_truncation()
        whole = len(tokenizer.encode(text, pair).ids)
        tokenizer.enable_truncation(max_tokens, strategy="longest_first")
        encoding = tokenizer.encode(text, pair)
        types = encoding.type_ids if has_types else [0] * len(encoding.ids)
        return encoding.ids, types, len(encoding.ids) < whole

    return encode


def load_hugging_face(folder, model):
    """The real library's model; folders of integers go through a widened copy, for not every transformers reads them."""
    with tempfile.TemporaryDirectory() as copy:
        config = {
            key: value
            for key, value in model.config.items()
            if key not in ("quantization_config", "dtype", "torch_dtype")
        }
        (pathlib.Path(copy) / "config.json").write_text(json.dumps(config))
        widened = {name: tensor.float().contiguous() for name, tensor in reference.stored_weights(folder).items()}
        save_file(widened, pathlib.Path(copy) / "model.safetensors", metadata={"format": "pt"})
        network, loading = AutoModelForSequenceClassification.from_pretrained(
            copy, attn_implementation="eager", dtype=torch.float32, output_loading_info=True
        )
    assert not loading["missing_keys"], loading["missing_keys"]
    return network.eval()


def rounded(values):
    return [float(f"{float(value):.8g}") for value in values]


def survival(kept, tokens):
    depth = [0] * tokens
    for positions in kept:
        for position in positions:
            depth[position] += 1
    return "".join(DIGITS[layers] for layers in depth)


class Maker:
    def __init__(self, folder, near_ties):
        self.model = reference.load_model(folder)
        self.encode = load_tokenizer(folder, self.model.max_tokens)
        self.network = load_hugging_face(folder, self.model)
        self.pipeline = TextClassificationPipeline(
            model=self.network, tokenizer=AutoTokenizer.from_pretrained(folder), top_k=None, device="cpu"
        )
        self.has_token_types = "embeddings.token_type_embeddings.weight" in self.model.weights
        self.keep_near_ties = near_ties == "keep"
        self.near_ties = 0
        self.worst = 0.0  # logit difference between reference.py and Hugging Face

    def run(self, ids, type_ids, speedup):
        answer = reference.forward(self.model, ids, type_ids, speedup)
        in_full = reference.forward(self.model, ids, type_ids, speedup, all_rows_in_last_layer=True)
        assert (answer.logits - in_full.logits).abs().max() < 1e-11, "the last layer's short cut is not exact"
        logits = answer.logits
        if speedup == 1:
            assert answer.schedule.achieved == 1 and len(answer.kept[0]) == (
                len(ids) if self.model.num_layers > 1 else 1
            )
            with torch.no_grad():
                inputs = {"input_ids": torch.tensor([ids])}
                if self.has_token_types:
                    inputs["token_type_ids"] = torch.tensor([type_ids])
                theirs = self.network(**inputs).logits[0].double()
            self.worst = max(self.worst, float((theirs - logits).abs().max()))
            assert self.worst < HUGGING_FACE_TOLERANCE, f"reference.py and transformers differ by {self.worst}"
            logits = theirs
        if answer.margin < NEAR_TIE:
            self.near_ties += 1
            if not self.keep_near_ties:
                return None
        return {
            "speedup": speedup,
            "achieved": answer.schedule.achieved,
            "macs": answer.schedule.macs,
            "counts": answer.schedule.counts,
            "survived": survival(answer.kept, len(ids)),
            "logits": rounded(logits),
            "scores": rounded(reference.scores_of(self.model.config, logits)),
        }

    def hold_pipeline(self, text, pair, scores):
        """transformers' own answer to the text itself, special tokens in it and truncation included."""
        inputs = {"text": text} if pair is None else {"text": text, "text_pair": pair}
        limit = self.model.max_tokens
        for answer in self.pipeline(inputs, truncation=True, max_length=limit):
            mine = scores[self.network.config.label2id[answer["label"]]]
            assert abs(answer["score"] - mine) < HUGGING_FACE_TOLERANCE, f"{text!r}: {answer} but {mine}"

    def speedups(self):
        limit = self.model.profile.max_speedup
        return [speedup for speedup in SPEEDUPS if speedup < limit] + [limit]

    def case(self, text, pair):
        ids, type_ids, truncated = self.encode(text, pair)
        begin = type_ids.index(1) if 1 in type_ids else len(ids)
        assert type_ids == [0] * begin + [1] * (len(ids) - begin)
        case = {"text": text} | ({} if pair is None else {"pair": pair}) | {"ids": ids, "pair_begin": begin}
        if truncated:
            case["truncated"] = True
        wanted = [
            speedup for speedup in self.speedups() if len(ids) < LONG or speedup in FEW_SPEEDUPS + self.speedups()[-1:]
        ]
        case["runs"] = [run for speedup in wanted if (run := self.run(ids, type_ids, speedup))]
        return case

    def cases(self, inputs):
        for number, (text, pair) in enumerate(inputs, start=1):
            case = self.case(text, pair)
            if number <= IN_PIPELINE:
                self.hold_pipeline(text, pair, case["runs"][0]["scores"])
            yield case
            if sys.stderr.isatty():
                print(f"\r{number} of {len(inputs)} inputs", end="", file=sys.stderr, flush=True)


def make(folder, out, inputs, near_ties):
    maker = Maker(folder, near_ties)
    cases = list(maker.cases(inputs))
    folder = pathlib.Path(folder).resolve()
    head = {
        "model": folder.relative_to(ROOT).as_posix() if folder.is_relative_to(ROOT) else str(folder),
        "layers": maker.model.num_layers,
        "labels": maker.model.num_labels,
        "max_speedup": maker.model.profile.max_speedup,
        **({} if "embeddings.token_type_embeddings.weight" in maker.model.weights else {"token_types": False}),
        "speedups": maker.speedups(),
        "near_ties": maker.near_ties,
    }
    dump = lambda value: json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    lines = ",\n".join(dump(case) for case in cases)
    pathlib.Path(out).write_text(f'{dump(head)[:-1]},"cases":[\n{lines}\n]}}\n', encoding="utf-8")
    lengths = [len(case["ids"]) for case in cases]
    print(
        f"{pathlib.Path(out).name}: {len(cases)} inputs of {min(lengths)} to {max(lengths)} tokens "
        f"(mean {sum(lengths) // len(lengths)}), {sum(len(case['runs']) for case in cases)} runs, "
        f"{maker.near_ties} near ties {'kept' if maker.keep_near_ties else 'left out'}; "
        f"reference.py and transformers differ by {maker.worst:.1e}; {pathlib.Path(out).stat().st_size // 1024} KiB"
    )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", help="a folder of a classifier")
    parser.add_argument("--out", help="the file to write")
    parser.add_argument("--data", help="a folder with sst2/dev.tsv, imdb/dev.tsv and mrpc/dev.tsv")
    parser.add_argument("--count", type=int, default=200, help="inputs")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="*", help="of the folders of models/, those whose name fits this pattern")
    parser.add_argument("--near-ties", choices=["drop", "keep"], default="drop")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    logging.disable_progress_bar()
    logging.set_verbosity_error()

    def inputs(folder, count, seed):
        if arguments.data:
            return texts.real_inputs(arguments.data, seed, count)
        config = AutoConfig.from_pretrained(folder)
        model = reference.load_model(folder)
        with_pairs = config.model_type in ("roberta", "xlm-roberta", "camembert") or getattr(config, "type_vocab_size", 2) > 1
        return texts.made_inputs(seed, count, model.max_tokens, with_pairs)

    if arguments.model:
        make(
            arguments.model,
            arguments.out,
            inputs(arguments.model, arguments.count, arguments.seed),
            arguments.near_ties,
        )
    else:
        (HERE / "goldens").mkdir(exist_ok=True)
        for folder in sorted((HERE / "models").glob(arguments.only)):
            seed = zlib.crc32(folder.name.encode())
            make(folder, HERE / "goldens" / f"{folder.name}.json", inputs(folder, 24, seed), "drop")


if __name__ == "__main__":
    main()
