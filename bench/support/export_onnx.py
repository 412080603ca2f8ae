"""A BertForSequenceClassification folder -> what onnxruntime and transformers.js read, for the benchmark's peers:
OUT/onnx/model.onnx (f32) and model_quantized.onnx (dynamic int8), with configuration and tokenizer beside them.

    python export_onnx.py FOLDER OUT
"""

import pathlib
import shutil
import sys

import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from safetensors.torch import load_file
from transformers import BertConfig, BertForSequenceClassification


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
    model = BertForSequenceClassification(config).eval()
    weights = {name: tensor for name, tensor in weights.items() if not name.endswith(".attention.scorer.weight")}
    missing, unexpected = model.load_state_dict(weights, strict=False)
    if set(missing) - {"bert.embeddings.position_ids"} or set(unexpected) - {"bert.embeddings.position_ids"}:
        raise SystemExit(f"{folder}: {missing} are missing, {unexpected} are unknown")
    return model


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
        output_names=["logits"],
        dynamic_axes={name: {0: "batch", 1: "tokens"} for name in names},
        opset_version=17,
        dynamo=False,
    )
    quantize_dynamic(out / "onnx" / "model.onnx", out / "onnx" / "model_quantized.onnx", weight_type=QuantType.QInt8)


if __name__ == "__main__":
    main()
