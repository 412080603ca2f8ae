"""A BERT folder, with a classifier or without one -> what onnxruntime and transformers.js read, for the benchmark's peers:
OUT/onnx/model.onnx (f32) and model_quantized.onnx (dynamic int8), with configuration and tokenizer beside them.

    python export_onnx.py FOLDER OUT
"""

import pathlib
import shutil
import sys

import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from safetensors.torch import load_file
from transformers import BertConfig, BertForSequenceClassification, BertModel


class Rows(torch.nn.Module):
    """What the last layer of an encoder without a head makes of each token."""

    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder

    def forward(self, ids, mask, types):
        return self.encoder(input_ids=ids, attention_mask=mask, token_type_ids=types).last_hidden_state


def load(folder):
    """The model in f32; int8 matrices are widened by their scales, so that both sides compute with the same weights.
    Scorers are left out: they matter to elimination alone."""
    tensors = load_file(folder / "model.safetensors")
    scales = {name: tensors.pop(name) for name in list(tensors) if name.endswith("_scale")}
    weights = {
        name: tensor.float() * scales[f"{name}_scale"].float() if f"{name}_scale" in scales else tensor.float()
        for name, tensor in tensors.items()
    }
    config = BertConfig.from_pretrained(folder, attn_implementation="eager")
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    weights = {name: tensor for name, tensor in weights.items() if not name.endswith(".attention.scorer.weight")}
    if "classifier.weight" in weights:
        model = BertForSequenceClassification(config).eval()
    else:
        model = BertModel(config, add_pooling_layer=False).eval()
        weights = {name.removeprefix("bert."): tensor for name, tensor in weights.items() if "pooler." not in name}
    missing, unexpected = model.load_state_dict(weights, strict=False)
    unknown = {name for name in [*missing, *unexpected] if not name.endswith("embeddings.position_ids")}
    if unknown:
        raise SystemExit(f"{folder}: {missing} are missing, {unexpected} are unknown")
    return model if isinstance(model, BertForSequenceClassification) else Rows(model)


def main():
    folder, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    for file in folder.glob("*.json"):
        shutil.copyfile(file, out / file.name)
    (out / "onnx").mkdir()
    model = load(folder)
    ids = torch.ones(1, 16, dtype=torch.long)
    names = ["input_ids", "attention_mask", "token_type_ids"]
    torch.onnx.export(
        model,
        (ids, torch.ones_like(ids), torch.zeros_like(ids)),
        str(out / "onnx" / "model.onnx"),
        input_names=names,
        output_names=["last_hidden_state" if isinstance(model, Rows) else "logits"],
        dynamic_axes={name: {0: "batch", 1: "tokens"} for name in names},
        opset_version=17,
        dynamo=False,
    )
    quantize_dynamic(out / "onnx" / "model.onnx", out / "onnx" / "model_quantized.onnx", weight_type=QuantType.QInt8)


if __name__ == "__main__":
    main()
