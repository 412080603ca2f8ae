"""An independent GPT-2 and Llama with elimination of the prompt, written from docs/method.md in numpy, in double.

    model = Model.read(folder)
    run = model.prefill(ids, counts=[...], how=How(...))      # counts: rows that leave each layer
    run.logits, run.kept                                       # of the next token; positions that left each layer
    model.step(run, token)                                     # one token more, all of it

It is written for reading, knows nothing of the engine, and is held against transformers where nothing is dropped.
"""

import dataclasses
import json
import math
import pathlib

import numpy as np
import torch
from safetensors.torch import load_file


@dataclasses.dataclass
class How:
    score: str = "contrast"
    tail_share: float = 0.5
    window: int = 16
    before: int = 64
    smooth: int = 7


@dataclasses.dataclass
class Run:
    keys: list
    values: list
    position: int
    kept: list = dataclasses.field(default_factory=list)
    logits: np.ndarray = None


def read_tensors(folder):
    """model.safetensors as float64, integers times their scales, GPT-2's Conv1D always as (out, in)."""
    stored = load_file(pathlib.Path(folder) / "model.safetensors")
    out = {}
    for name, tensor in stored.items():
        if name.endswith(("_scale", "_shape")) or "attn.bias" in name.replace("c_attn.bias", "") or "masked_bias" in name:
            continue
        base = name.removeprefix("transformer.").removeprefix("model.")
        if name.endswith("_packed"):
            rows, columns = stored[name.replace("_packed", "_shape")].tolist()
            words = tensor.long() & 0xFFFFFFFF
            numbers = torch.stack([(words >> (4 * i)) & 15 for i in range(8)], 2).reshape(rows, -1)[:, :columns] - 8
            scale = stored[name.replace("_packed", "_scale")].double()
            out[base.removesuffix("_packed")] = numbers.double() * scale.repeat_interleave(columns // scale.shape[1], 1)
        elif name + "_scale" in stored:
            out[base] = tensor.double() * stored[name + "_scale"].double().reshape(-1, 1)
        else:
            is_conv = ".c_" in name and tensor.dim() == 2
            out[base] = (tensor.t() if is_conv else tensor).double()
    return {name: tensor.numpy() for name, tensor in out.items()}


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


ACTIVATIONS = {
    "gelu": lambda x: 0.5 * x * (1 + np.vectorize(math.erf)(x / math.sqrt(2))),
    "gelu_new": lambda x: 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
    "relu": lambda x: np.maximum(x, 0),
    "tanh": np.tanh,
}


class Model:
    @staticmethod
    def read(folder):
        config = json.loads((pathlib.Path(folder) / "config.json").read_text())
        return (Gpt2 if config["model_type"] == "gpt2" else Llama)(config, read_tensors(folder))

    def prefill(self, ids, counts=None, how=None, positions=None):
        run = Run([], [], 0)
        return self.forward(run, ids, counts, how, positions)

    def step(self, run, token):
        return self.forward(run, [token])

    def forward(self, run, ids, counts=None, how=None, positions=None):
        positions = np.arange(run.position, run.position + len(ids)) if positions is None else np.asarray(positions)
        x = self.embed(ids, positions)
        run.kept = []
        run.position = int(positions[-1]) + 1
        for layer in range(self.layers):
            h = self.norm(layer, 0, x)
            k, v = self.keys_values(layer, h, positions)  # (n, KV, dh)
            if len(run.keys) == layer:
                run.keys.append(k), run.values.append(v)
            else:
                run.keys[layer] = np.concatenate([run.keys[layer], k])
                run.values[layer] = np.concatenate([run.values[layer], v])
            k, v = run.keys[layer], run.values[layer]
            n = len(x)
            if layer == self.layers - 1:
                stay = np.array([n - 1])
            elif counts is not None and counts[layer] < n:
                stay = self.select(layer, h, positions, k, v, counts[layer], how)
            else:
                stay = np.arange(n)
            before = len(k) - n
            x, h, positions = x[stay], h[stay], positions[stay]
            probabilities = self.attention(layer, h, positions, k, stay + before)  # (H, stay, keys)
            group = self.heads // self.kv_heads
            context = np.stack([probabilities[i] @ v[:, i // group] for i in range(self.heads)], 1)
            x = self.after_attention(layer, x, context.reshape(len(x), -1))
            run.kept.append(positions.tolist())
        run.logits = self.head(x[-1])
        return run

    def attention(self, layer, h, positions, k, rows):
        """Row i of `rows` of the cache sees the rows up to itself."""
        q = self.queries(layer, h, positions)  # (n, H, dh), scaled
        group = self.heads // self.kv_heads
        logits = np.stack([q[:, i] @ k[:, i // group].T for i in range(self.heads)])
        unseen = np.arange(len(k))[None] > np.asarray(rows)[:, None]
        return softmax(np.where(unseen[None], -np.inf, logits))

    def select(self, layer, h, positions, k, v, count, how):
        n = len(h)
        tail = min(count - 1, max(1, math.floor(how.tail_share * count + 0.5)))
        score = self.score(layer, h, positions, k, v, how)
        scorer = self.t.get(self.scorer.format(layer))
        if scorer is not None and how.score not in ("recent", "random"):
            score = score * np.exp(h @ scorer)
        middle = sorted(range(1, n - tail), key=lambda j: (-score[j], j))[: count - 1 - tail]
        return np.array([0, *sorted(middle), *range(n - tail, n)])

    def score(self, layer, h, positions, k, v, how):
        n = len(h)
        if how.score == "recent":
            return np.arange(n)
        if how.score == "learned":
            return np.ones(n)
        window = min(how.window, n)
        before = min(how.before, n - window) if how.score == "contrast" else 0
        rows = np.arange(n - window - before, n)
        probabilities = self.attention(layer, h[rows], positions[rows], k, rows)
        a = probabilities[:, before:].mean(1)  # (H, n)
        if how.score == "contrast":
            b = probabilities[:, :before].mean(1) if before else 0
            group = self.heads // self.kv_heads
            lengths = np.linalg.norm(v, axis=2).T[np.arange(self.heads) // group]
            score = (np.maximum(a - b, 0) * lengths).mean(0)
        else:
            score = a.max(0) if how.score == "largest_head" else a.mean(0)
        reach = how.smooth // 2
        return np.array([score[max(0, j - reach) : j + reach + 1].mean() for j in range(n)])


class Gpt2(Model):
    scorer = "h.{}.attn.scorer.weight"

    def __init__(self, config, tensors):
        self.t, self.c = tensors, config
        self.layers, self.heads, self.d = config["n_layer"], config["n_head"], config["n_embd"]
        self.kv_heads, self.dh = self.heads, self.d // self.heads
        self.d_ff = config.get("n_inner") or 4 * self.d
        self.products, self.positions = 2, config["n_positions"]
        self.vocabulary = config["vocab_size"]
        self.outputs = len(tensors["score.weight"]) if "score.weight" in tensors else self.vocabulary

    def embed(self, ids, positions):
        return self.t["wte.weight"][ids] + self.t["wpe.weight"][positions]

    def linear(self, name, x):
        return x @ self.t[name + ".weight"].T + self.t[name + ".bias"]

    def layer_norm(self, name, x):
        centred = x - x.mean(-1, keepdims=True)
        x = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + self.c["layer_norm_epsilon"])
        return x * self.t[name + ".weight"] + self.t[name + ".bias"]

    def norm(self, layer, which, x):
        return self.layer_norm(f"h.{layer}.ln_{which + 1}", x)

    def split(self, layer, h):
        return self.linear(f"h.{layer}.attn.c_attn", h).reshape(len(h), 3, self.heads, self.dh)

    def keys_values(self, layer, h, positions):
        parts = self.split(layer, h)
        return parts[:, 1], parts[:, 2]

    def queries(self, layer, h, positions):
        scale = 1 / math.sqrt(self.dh) if self.c["scale_attn_weights"] else 1
        if self.c["scale_attn_by_inverse_layer_idx"]:
            scale /= layer + 1
        return self.split(layer, h)[:, 0] * scale

    def after_attention(self, layer, x, context):
        x = x + self.linear(f"h.{layer}.attn.c_proj", context)
        middle = ACTIVATIONS[self.c["activation_function"]](self.linear(f"h.{layer}.mlp.c_fc", self.norm(layer, 1, x)))
        return x + self.linear(f"h.{layer}.mlp.c_proj", middle)

    def head(self, x):
        table = self.t.get("score.weight")
        if table is None:
            table = self.t["wte.weight"] if self.c["tie_word_embeddings"] else self.t["lm_head.weight"]
        return table @ self.layer_norm("ln_f", x)


class Llama(Model):
    scorer = "layers.{}.self_attn.scorer.weight"

    def __init__(self, config, tensors):
        self.t, self.c = tensors, config
        self.layers, self.heads = config["num_hidden_layers"], config["num_attention_heads"]
        self.kv_heads, self.d = config["num_key_value_heads"], config["hidden_size"]
        self.dh = config.get("head_dim") or self.d // self.heads
        self.d_ff, self.products, self.positions = config["intermediate_size"], 3, config["max_position_embeddings"]
        self.vocabulary = self.outputs = config["vocab_size"]
        rope = config.get("rope_parameters") or config.get("rope_scaling") or {}
        theta = rope.get("rope_theta", config.get("rope_theta"))
        f = theta ** (-2.0 * np.arange(self.dh // 2) / self.dh)
        if rope.get("rope_type") == "linear":
            f = f / rope["factor"]
        if rope.get("rope_type") == "llama3":
            wave, old = 2 * math.pi / f, rope["original_max_position_embeddings"]
            low, high = rope["low_freq_factor"], rope["high_freq_factor"]
            s = (old / wave - low) / (high - low)
            between = (1 - s) * f / rope["factor"] + s * f
            f = np.where(wave < old / high, f, np.where(wave > old / low, f / rope["factor"], between))
        self.frequencies = f

    def embed(self, ids, positions):
        return self.t["embed_tokens.weight"][ids]

    def linear(self, name, x):
        bias = self.t.get(name + ".bias", 0)
        return x @ self.t[name + ".weight"].T + bias

    def rms_norm(self, name, x):
        return x / np.sqrt((x**2).mean(-1, keepdims=True) + self.c["rms_norm_eps"]) * self.t[name + ".weight"]

    def norm(self, layer, which, x):
        return self.rms_norm(f"layers.{layer}." + ("input_layernorm", "post_attention_layernorm")[which], x)

    def rotate(self, x, positions):
        angles = np.asarray(positions)[:, None, None] * self.frequencies
        a, b = np.split(x, 2, axis=2)
        return np.concatenate([a * np.cos(angles) - b * np.sin(angles), b * np.cos(angles) + a * np.sin(angles)], 2)

    def keys_values(self, layer, h, positions):
        shape = (len(h), self.kv_heads, self.dh)
        k = self.linear(f"layers.{layer}.self_attn.k_proj", h).reshape(shape)
        return self.rotate(k, positions), self.linear(f"layers.{layer}.self_attn.v_proj", h).reshape(shape)

    def queries(self, layer, h, positions):
        q = self.linear(f"layers.{layer}.self_attn.q_proj", h).reshape(len(h), self.heads, self.dh)
        return self.rotate(q, positions) / math.sqrt(self.dh)

    def after_attention(self, layer, x, context):
        x = x + self.linear(f"layers.{layer}.self_attn.o_proj", context)
        h, mlp = self.norm(layer, 1, x), f"layers.{layer}.mlp."
        gate = self.linear(mlp + "gate_proj", h)
        return x + self.linear(mlp + "down_proj", gate / (1 + np.exp(-gate)) * self.linear(mlp + "up_proj", h))

    def head(self, x):
        table = self.t["embed_tokens.weight"] if self.c["tie_word_embeddings"] else self.t["lm_head.weight"]
        return table @ self.rms_norm("norm", x)


def macs(model, how, tokens, counts):
    """What reading a prompt costs, rows `counts` leaving the layers (docs/method.md)."""
    d, q, e = model.d, model.heads * model.dh, model.kv_heads * model.dh
    feed_forward = model.products * d * model.d_ff
    queries = {"recent": 0, "random": 0, "learned": 0, "contrast": how.window + how.before}.get(how.score, how.window)
    total, into = d * model.outputs, tokens
    for out in counts[:-1]:
        seen, scoring = into * (into + 1) // 2, 0
        if out < into:
            tail = min(out - 1, max(1, math.floor(how.tail_share * out + 0.5)))
            seen = tail * into - tail * (tail - 1) // 2 + (out - tail) * into // 2
            scoring = min(queries, into) * (d * q + into * q)
        total += 2 * into * d * e + scoring + out * d * q + 2 * seen * q + out * q * d + out * feed_forward
        into = out
    return total + 2 * into * d * e + 2 * d * q + 2 * into * q + feed_forward


def counts_for(retention, tokens, c):
    counts, n = [], tokens
    for r in retention:
        n = min(n, max(2, math.ceil(tokens * (0.0 if c == math.inf and r < 1 else r**c if c != math.inf else 1.0))))
        counts.append(n)
    counts[-1] = 1
    return counts


def solve(model, how, retention, tokens, speedup):
    """The smallest coefficient whose cost is the full one's / speedup, by the bisection that docs/method.md prescribes."""
    full = macs(model, how, tokens, counts_for(retention, tokens, 0))

    def gain(c):
        return full / macs(model, how, tokens, counts_for(retention, tokens, c))

    target = min(speedup, gain(math.inf))
    if target <= 1:
        return counts_for(retention, tokens, 0)
    low, high = 0.0, 1.0
    while gain(high) < target:
        low, high = high, 2 * high
    for _ in range(32):
        middle = (low + high) / 2
        low, high = (low, middle) if gain(middle) >= target else (middle, high)
    return counts_for(retention, tokens, high)
