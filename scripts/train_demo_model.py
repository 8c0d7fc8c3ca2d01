#!/usr/bin/env python3
"""Trains the demo's model and writes demo/fashion_resnet.onnx.

  train_demo_model.py DATA_FOLDER OUT.onnx

DATA_FOLDER holds Fashion-MNIST's four IDX files (Debian package dataset-fashion-mnist:
/usr/share/datasets/fashion-mnist). Only the training split is trained on; the test split is read once, at the end,
to print the accuracy. Needs torch, numpy, onnx; about fifteen minutes on two CPU cores.

The net: a 3x3 stem and five residual blocks of two 3x3 convolutions each, 32 channels at 28x28 throughout, then mean
and a linear layer: 93 k parameters, 73 M multiply-adds. BatchNormalization is left unfused in the file, as exporters
leave it, so that simplification has something to do.
"""
import argparse
import gzip
import pathlib

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from onnx import TensorProto, helper, numpy_helper
from torch import nn

MEAN, STD, CHANNELS, BLOCKS = 0.2860, 0.3530, 32, 5
LABELS = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]


def read_idx(file):
    raw = gzip.open(file).read()
    shape = np.frombuffer(raw, ">i4", raw[3], 4)
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * raw[3]).reshape(shape)


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1, bias=False), nn.BatchNorm2d(CHANNELS)
        self.conv2, self.bn2 = nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1, bias=False), nn.BatchNorm2d(CHANNELS)

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        return F.relu(x + self.bn2(self.conv2(y)))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem, self.stem_bn = nn.Conv2d(1, CHANNELS, 3, padding=1, bias=False), nn.BatchNorm2d(CHANNELS)
        self.blocks = nn.ModuleList(Block() for _ in range(BLOCKS))
        self.fc = nn.Linear(CHANNELS, 10)

    def forward(self, x):
        x = F.relu(self.stem_bn(self.stem(x)))
        for block in self.blocks:
            x = block(x)
        return self.fc(x.mean((2, 3)))


def augment(x):
    """Mirrors a random half of the batch."""
    flip = torch.rand(len(x), device=x.device) < 0.5
    return torch.where(flip[:, None, None, None], x.flip(3), x)


def train(net, x, y, epochs, half_size, batch=256):
    """One learning-rate cycle. At half size a step costs a quarter, and the net, which ends in a mean, carries over."""
    steps = epochs * (len(x) // batch)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.02, momentum=0.9, weight_decay=5e-4, nesterov=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.2 if half_size else 0.08, total_steps=steps)
    for epoch in range(epochs):
        net.train()
        order = torch.randperm(len(x), device=x.device)
        for i in range(len(x) // batch):
            pick = order[i * batch:(i + 1) * batch]
            with torch.autocast(x.device.type, torch.bfloat16):
                pictures = augment(x[pick])
                pictures = F.avg_pool2d(pictures, 2) if half_size else pictures
                scores = net(pictures.contiguous(memory_format=torch.channels_last))
            loss = F.cross_entropy(scores.float(), y[pick])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            if i % 50 == 0:
                print(f"epoch {epoch + 1}/{epochs} step {i} loss {loss.item():.3f}", flush=True)


def to_onnx(net):
    state = {k: v.detach().cpu().numpy() for k, v in net.state_dict().items()}
    nodes, tensors = [], []

    def constant(name):
        tensors.append(numpy_helper.from_array(state[name].astype(np.float32), name))
        return name

    def conv_bn(x, conv, bn):
        nodes.append(helper.make_node("Conv", [x, constant(f"{conv}.weight")], [f"{conv}.out"], conv, kernel_shape=[3, 3], pads=[1] * 4))
        inputs = [f"{conv}.out"] + [constant(f"{bn}.{p}") for p in ("weight", "bias", "running_mean", "running_var")]
        nodes.append(helper.make_node("BatchNormalization", inputs, [f"{bn}.out"], bn, epsilon=1e-5))
        return f"{bn}.out"

    def unary(op, x, name, **attributes):
        nodes.append(helper.make_node(op, [x], [f"{name}.out"], name, **attributes))
        return f"{name}.out"

    x = unary("Relu", conv_bn("image", "stem", "stem_bn"), "stem_relu")
    for b in range(BLOCKS):
        p = f"blocks.{b}"
        y = unary("Relu", conv_bn(x, f"{p}.conv1", f"{p}.bn1"), f"{p}.relu1")
        y = conv_bn(y, f"{p}.conv2", f"{p}.bn2")
        nodes.append(helper.make_node("Add", [x, y], [f"{p}.add.out"], f"{p}.add"))
        x = unary("Relu", f"{p}.add.out", f"{p}.relu2")
    x = unary("Flatten", unary("GlobalAveragePool", x, "pool"), "flatten", axis=1)
    nodes.append(helper.make_node("Gemm", [x, constant("fc.weight"), constant("fc.bias")], ["logits"], "fc", transB=1))
    graph = helper.make_graph(nodes, "fashion_resnet", [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 1, 28, 28])],
                              [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, 10])], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], producer_name="train_demo_model.py", ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return model


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--half-size-epochs", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=3)
    args = parser.parse_args()
    torch.manual_seed(0)
    device = "cuda" if torch.cuda.is_available() else "cpu"

    def load(split):
        x = read_idx(args.data / f"{split}-images-idx3-ubyte.gz")[:, None].astype(np.float32) / 255
        y = read_idx(args.data / f"{split}-labels-idx1-ubyte.gz").astype(np.int64)
        return torch.from_numpy((x - MEAN) / STD).to(device), torch.from_numpy(y).to(device)

    net = Net().to(device, memory_format=torch.channels_last)
    x, y = load("train")
    train(net, x, y, args.half_size_epochs, half_size=True)
    train(net, x, y, args.epochs, half_size=False)
    net.eval()
    x, y = load("t10k")
    with torch.no_grad():
        right = sum((net(a).argmax(1) == b).sum().item() for a, b in zip(x.split(500), y.split(500)))
    onnx.save(to_onnx(net.cpu()), args.out)
    print(f"top-1 on the test split: {right / len(y):.4f}; {args.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
