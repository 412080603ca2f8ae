"""The method, written plainly: what the C++ engine must answer, computed in another way.

Follows docs/method.md, in float64, one text at a time, and shares no code and no short cut with core/: where the engine
never computes a dropped row, this file computes the full attention of every row first and eliminates afterwards; where
the engine mixes attention rows, this file mixes contexts; where the engine packs a batch, there is none here.

    model = load_model("folder")
    answer = forward(model, ids, type_ids, speedup=2)

At speedup 1 make_goldens.py holds it against transformers' own class, BertForSequenceClassification say.
"""

import json
import math
import pathlib
from dataclasses import dataclass

import torch
from safetensors.torch import load_file

DISCARD, MERGE = "discard", "merge"


# ---------------------------------------------------------------------------------------------- model


@dataclass
class Profile:
    retention: list[float]
    dropped: str
    max_speedup: float

    @property
    def n_min(self):
        return 2 if self.dropped == MERGE else 1


@dataclass
class Model:
    config: dict
    profile: Profile
    weights: dict[str, torch.Tensor]  # float64, named as in BertForSequenceClassification less the prefix "bert."
    pooler_activation: callable = torch.tanh
    first_position: int = 0
    shares_layers: bool = False
    one_row: bool = True  # [CLS] alone is read behind the last layer; else all rows are

    @property
    def num_layers(self):
        return self.config["num_hidden_layers"]

    @property
    def max_tokens(self):
        return self.config["max_position_embeddings"] - self.first_position

    @property
    def num_labels(self):
        return self.weights["classifier.bias"].numel()

    def counts_for(self, tokens, coefficient):
        counts = counts_for(self.profile, tokens, coefficient)
        return counts[:-1] + [1] if self.one_row else counts


def unpacked(words, columns):
    """(rows, columns) of the 4-bit numbers in (rows, words) int32, the lowest bits first; 8 stands for 0."""
    nibbles = torch.stack([(words >> (4 * i)) & 15 for i in range(8)], dim=2)
    return nibbles.flatten(1)[:, :columns] - 8


def stored_weights(folder):
    """Every floating-point tensor of model.safetensors; integers widened by their scales: int8 `name` by one for each
    row, 4 bits of `name`_packed by one for each group of columns."""
    stored = load_file(pathlib.Path(folder) / "model.safetensors")
    weights = {}
    for name, tensor in stored.items():
        module = name.removesuffix("_scale")
        if name.endswith("_packed"):
            module = name.removesuffix("_packed")
            rows, columns = stored[module + "_shape"].tolist()
            groups = unpacked(tensor, columns).double().reshape(rows, stored[module + "_scale"].shape[1], -1)
            weights[module] = (groups * stored[module + "_scale"].double()[:, :, None]).reshape(rows, columns)
        elif tensor.dtype == torch.int8 and name + "_scale" in stored:
            weights[name] = tensor.double() * stored[name + "_scale"].double().reshape(-1, 1)
        elif tensor.is_floating_point() and (module == name or not {module, module + "_packed"} & stored.keys()):
            weights[name] = tensor.double()
    return weights


# The head of those that have both of its layers outside of the encoder.
HEAD = {"classifier.dense.": "pooler.dense.", "classifier.out_proj.": "classifier."}

# What siblings of BERT call its weights and settings.
SIBLINGS = {
    "bert": dict(weights={"bert.": "", "LayerNorm.gamma": "LayerNorm.weight", "LayerNorm.beta": "LayerNorm.bias"}),
    "distilbert": dict(
        weights={
            "distilbert.": "",
            "transformer.layer.": "encoder.layer.",
            "attention.q_lin.": "attention.self.query.",
            "attention.k_lin.": "attention.self.key.",
            "attention.v_lin.": "attention.self.value.",
            "attention.out_lin.": "attention.output.dense.",
            "sa_layer_norm.": "attention.output.LayerNorm.",
            "ffn.lin1.": "intermediate.dense.",
            "ffn.lin2.": "output.dense.",
            "output_layer_norm.": "output.LayerNorm.",
            "pre_classifier.": "pooler.dense.",
        },
        settings={
            "dim": "hidden_size",
            "n_layers": "num_hidden_layers",
            "n_heads": "num_attention_heads",
            "hidden_dim": "intermediate_size",
            "activation": "hidden_act",
        },
        layer_norm_eps=1e-12,
        pooler_activation=torch.relu,
    ),
    **{
        name: dict(weights={"roberta.": ""} | HEAD, positions_behind_padding=True)
        for name in ("roberta", "xlm-roberta", "camembert")
    },
    "electra": dict(weights={"electra.": ""} | HEAD, pooler_activation=torch.nn.functional.gelu),
    "albert": dict(
        weights={
            "albert.": "",
            "encoder.embedding_hidden_mapping_in.": "embeddings_project.",
            "encoder.albert_layer_groups.0.albert_layers.0.": "encoder.layer.0.",
            "attention.query.": "attention.self.query.",
            "attention.key.": "attention.self.key.",
            "attention.value.": "attention.self.value.",
            "attention.dense.": "attention.output.dense.",
            "attention.LayerNorm.": "attention.output.LayerNorm.",
            "ffn_output.": "output.dense.",
            "ffn.": "intermediate.dense.",
            "full_layer_layer_norm.": "output.LayerNorm.",
            "pooler.": "pooler.dense.",
        },
        shares_layers=True,
    ),
    "mpnet": dict(
        weights={
            "mpnet.": "",
            "attention.attn.q.": "attention.self.query.",
            "attention.attn.k.": "attention.self.key.",
            "attention.attn.v.": "attention.self.value.",
            "attention.attn.o.": "attention.output.dense.",
            "attention.LayerNorm.": "attention.output.LayerNorm.",
        }
        | HEAD,
        positions_behind_padding=True,
    ),
}


def canonical(name, model_type="bert"):
    """The name of a weight whatever the model's kind and age: as BERT has it, without its prefix."""
    for theirs, ours in SIBLINGS[model_type]["weights"].items():
        name = name.replace(theirs, ours)
    return name


DEFAULT_R_MIN = 0.05
DEFAULT_MAX_SPEEDUP = 8.0


def retention_of(shape, acc, r_min, num_layers):
    """r_1 .. r_L of a named shape."""
    layers = range(1, num_layers + 1)
    retention = {
        "running_minimum": lambda layer: min(acc[:layer]),
        "running_product": lambda layer: math.prod(min(1.0, contribution) for contribution in acc[:layer]),
        "geometric": lambda layer: r_min ** (layer / num_layers),
        "linear": lambda layer: 1 - (1 - r_min) * (layer / num_layers),
    }[shape]
    return [min(1.0, max(r_min, retention(layer))) for layer in layers]


def load_profile(folder, num_layers):
    path = pathlib.Path(folder) / "profile.json"
    if not path.exists():
        return Profile(retention_of("geometric", None, DEFAULT_R_MIN, num_layers), MERGE, DEFAULT_MAX_SPEEDUP)
    stored = json.loads(path.read_text())
    retention = stored.get("retention") or retention_of(
        stored["shape"], stored.get("acc"), stored.get("r_min", DEFAULT_R_MIN), num_layers
    )
    return Profile(retention, stored["dropped"], stored["max_speedup"])


def load_model(folder):
    config = json.loads((pathlib.Path(folder) / "config.json").read_text())
    sibling = SIBLINGS[config["model_type"]]
    config |= {ours: config[theirs] for theirs, ours in sibling.get("settings", {}).items()}
    config |= {"layer_norm_eps": sibling["layer_norm_eps"]} if "layer_norm_eps" in sibling else {}
    weights = {canonical(name, config["model_type"]): tensor for name, tensor in stored_weights(folder).items()}
    profile = load_profile(folder, config["num_hidden_layers"])
    first = config.get("pad_token_id", 1) + 1 if sibling.get("positions_behind_padding") else 0
    shares_layers = sibling.get("shares_layers", False)
    for layer in range(1, config["num_hidden_layers"]) if shares_layers else ():
        of_first = {name: tensor for name, tensor in weights.items() if name.startswith("encoder.layer.0.")}
        weights |= {name.replace("layer.0.", f"layer.{layer}."): tensor for name, tensor in of_first.items()}
    return Model(config, profile, weights, sibling.get("pooler_activation", torch.tanh), first, shares_layers)


# ---------------------------------------------------------------------------------------------- schedule


def counts_for(profile, tokens, coefficient):
    """n_1 .. n_L: n_l = max(n_min, ceil(N r_l^c)), never above n_(l-1)."""
    counts, before = [], tokens
    for retention in profile.retention:
        before = min(before, max(profile.n_min, math.ceil(tokens * retention**coefficient)))
        counts.append(before)
    return counts


def macs_of(model, tokens, counts):
    """Multiply-accumulates as executed."""
    d, d_ff = model.config["hidden_size"], model.config["intermediate_size"]
    total, before = 0, tokens
    for after in counts[:-1] if model.one_row else counts:
        total += 3 * before * d * d + before * before * d + after * before * d + after * d * d + 2 * after * d * d_ff
        before = after
    if not model.one_row:
        return total
    keys_and_values, query, attention, output, feed_forward = (
        2 * before * d * d,
        before * d * d if model.shares_layers else d * d,
        2 * before * d,
        d * d,
        2 * d * d_ff,
    )
    return total + keys_and_values + query + attention + output + feed_forward


@dataclass
class Schedule:
    counts: list[int]
    achieved: float
    macs: int


BISECTION_STEPS = 32


def solve(model, tokens, speedup):
    """The smallest c with S(c) >= speedup, searched as core/elimination/schedule.h says; the floor if there is none."""
    full = macs_of(model, tokens, model.counts_for(tokens, 0.0))

    def at(c):
        counts = model.counts_for(tokens, c)
        macs = macs_of(model, tokens, counts)
        return Schedule(counts, full / macs, macs)

    target = min(speedup, at(math.inf).achieved)
    if target <= 1:
        return at(0.0)
    low, high = 0.0, 1.0
    while at(high).achieved < target:
        low, high = high, 2 * high
    for _ in range(BISECTION_STEPS):
        middle = (low + high) / 2
        low, high = (low, middle) if at(middle).achieved >= target else (middle, high)
    found = at(high)
    assert found.achieved >= target
    assert at(high - 2 * max(high, 1) * 2.0**-BISECTION_STEPS).achieved < target, "not the smallest c"
    return found


# ---------------------------------------------------------------------------------------------- forward


@dataclass
class Answer:
    logits: torch.Tensor
    schedule: Schedule
    kept: list[list[int]]  # per layer: original positions of the ordinary rows left, ascending
    # The smallest relative distance, over all layers that drop, between a kept score and a dropped one; negative if
    # imposed positions are not the best ones.
    margin: float


def linear(model, name, x):
    return x @ model.weights[name + ".weight"].T + model.weights[name + ".bias"]


def layer_norm(model, name, x):
    mean = x.mean(-1, keepdim=True)
    variance = ((x - mean) ** 2).mean(-1, keepdim=True)
    normal = (x - mean) / torch.sqrt(variance + model.config["layer_norm_eps"])
    return normal * model.weights[name + ".weight"] + model.weights[name + ".bias"]


def activation(model, x):
    kind = model.config["hidden_act"]
    if kind == "gelu":
        return 0.5 * x * (1 + torch.erf(x / math.sqrt(2)))
    if kind in ("gelu_new", "gelu_pytorch_tanh"):
        return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    assert kind == "relu", kind
    return x.clamp(min=0)


def relative_bias(model, places):
    """(heads, n, n): what the heads think of a key by how far from the query it stands in the text."""
    table = model.weights.get("encoder.relative_attention_bias.weight")
    if table is None:
        return 0
    distance = places[None, :] - places[:, None]
    away = distance.abs()
    far = 8 + (torch.log(away.clamp(min=1) / 8) / math.log(128 / 8) * 8 + 1e-9).long()
    bucket = torch.where(away < 8, away, far.clamp(max=15)) + 16 * (distance > 0)
    return table[bucket].permute(2, 0, 1)


def attention(model, prefix, x, sizes, places):
    """(probabilities (heads, n, n), context (n, d)) of n rows; logits towards key j are raised by log(size_j)."""
    heads = model.config["num_attention_heads"]
    n, d = x.shape

    def by_head(name):
        return linear(model, prefix + "attention.self." + name, x).reshape(n, heads, d // heads).transpose(0, 1)

    query, key, value = by_head("query"), by_head("key"), by_head("value")
    logits = query @ key.transpose(1, 2) / math.sqrt(d // heads) + torch.log(sizes)
    logits = logits + relative_bias(model, places)
    probabilities = torch.softmax(logits, -1)
    return probabilities, (probabilities @ value).transpose(0, 1).reshape(n, d)


def select(scores, wanted, imposed, positions):
    """Rows to keep, ascending, of the ordinary rows' scores, and the margin between kept and dropped (see Answer)."""
    ranked = sorted(range(1, len(scores)), key=lambda row: (-scores[row], row))
    kept = sorted([0] + ranked[: wanted - 1])
    if imposed is not None:
        kept = [row for row, position in enumerate(positions) if position in imposed]
        assert len(kept) == wanted and kept[0] == 0, "not as many positions as scheduled, or no [CLS] among them"
    rivals = [scores[row] for row in kept if row != 0]
    losers = [scores[row] for row in range(1, len(scores)) if row not in set(kept)]
    margin = (min(rivals) - max(losers)) / max(losers) if rivals and losers else math.inf
    return kept, margin


def forward(model, ids, type_ids, speedup=1.0, imposed=None, all_rows_in_last_layer=False):
    """Logits of one text at `speedup`; see last_rows."""
    x, _, answer = last_rows(model, ids, type_ids, speedup, imposed, all_rows_in_last_layer)
    answer.logits = linear(model, "classifier", model.pooler_activation(linear(model, "pooler.dense", x[0])))
    return answer


def last_rows(model, ids, type_ids, speedup=1.0, imposed=None, all_rows_in_last_layer=False, one_row=True):
    """The rows that leave the last layer, their sizes, and an Answer without logits.

    imposed: kept positions per layer to follow instead of choosing; Answer.margin tells how good a choice it was.
    all_rows_in_last_layer: the last layer without its shortcut, [CLS] taken at its very end.
    one_row: only [CLS] of them is read.
    """
    model.one_row = one_row
    weights, tokens = model.weights, len(ids)
    schedule = solve(model, tokens, speedup)
    first = model.first_position
    x = (
        weights["embeddings.word_embeddings.weight"][torch.tensor(ids)]
        + weights["embeddings.position_embeddings.weight"][first : first + tokens]
    )
    if "embeddings.token_type_embeddings.weight" in weights:
        x = x + weights["embeddings.token_type_embeddings.weight"][torch.tensor(type_ids)]
    x = layer_norm(model, "embeddings.LayerNorm", x)
    if "embeddings_project.weight" in weights:
        x = linear(model, "embeddings_project", x)
    places = torch.arange(tokens)  # where each row stands in the text
    kept_positions, margin = [], math.inf
    positions = list(range(tokens))  # of the ordinary rows
    sizes = torch.ones(tokens, dtype=torch.float64)
    has_rest = False  # then the rest row is the last row of x

    for layer, after in enumerate(schedule.counts):
        prefix = f"encoder.layer.{layer}."
        last = one_row and layer == model.num_layers - 1
        probabilities, context = attention(model, prefix, x, sizes, places)
        scores = probabilities.mean(dim=(0, 1))
        assert abs(float(scores.sum()) - 1) < 1e-12
        scorer = weights.get(prefix + "attention.scorer.weight")
        if scorer is not None:
            scores = scores * torch.exp(x @ scorer)
        if last:
            if not all_rows_in_last_layer:
                x, context = x[:1], context[:1]
            positions = positions[:1]
        elif after < x.shape[0]:
            merging = model.profile.dropped == MERGE
            ordinary = len(positions)
            kept, distance = select(
                scores[:ordinary].tolist(),
                after - 1 if merging else after,
                None if imposed is None else set(imposed[layer]),
                positions,
            )
            margin = min(margin, distance)
            gone = sorted(set(range(x.shape[0])) - set(kept))  # the rest row that came in is among them
            if merging:
                shares = scores[gone] / scores[gone].sum()
                x = torch.cat([x[kept], (shares @ x[gone])[None]])
                context = torch.cat([context[kept], (shares @ context[gone])[None]])
                sizes = torch.cat([sizes[kept], sizes[gone].sum()[None]])
                largest = shares.sort(descending=True).values[:2].tolist()
                if len(largest) == 2 and "encoder.relative_attention_bias.weight" in weights:
                    margin = min(margin, (largest[0] - largest[1]) / largest[1])
                places = torch.cat([places[kept], places[gone[int(shares.argmax())]][None]])
                has_rest = True
            else:
                x, context, sizes, places = x[kept], context[kept], sizes[kept], places[kept]
            positions = [positions[row] for row in kept]
        x = layer_norm(
            model, prefix + "attention.output.LayerNorm", x + linear(model, prefix + "attention.output.dense", context)
        )
        inner = activation(model, linear(model, prefix + "intermediate.dense", x))
        x = layer_norm(model, prefix + "output.LayerNorm", x + linear(model, prefix + "output.dense", inner))
        kept_positions.append(positions)
        assert last or x.shape[0] == after == len(positions) + has_rest
        assert last or abs(float(sizes.sum()) - tokens) < 1e-9 or model.profile.dropped == DISCARD

    return x, sizes, Answer(None, schedule, kept_positions, margin)


def scores_of(config, logits):
    """What a user sees: softmax, sigmoid or the logits themselves, by problem_type."""
    # Where it is not given: what transformers' text-classification pipeline does.
    problem = config.get("problem_type") or (
        "multi_label_classification" if len(logits) == 1 else "single_label_classification"
    )
    if problem == "regression":
        return logits
    return torch.sigmoid(logits) if problem == "multi_label_classification" else torch.softmax(logits, -1)
