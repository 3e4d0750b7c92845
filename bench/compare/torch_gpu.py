"""ResNet-50 with CALM's EM head (200 classes, 224x224, 7x7 map) and the head alone, in PyTorch on a CUDA device.

    python3 bench/compare/torch_gpu.py FILE.json

Eager in float32 and in TF32, the head compiled too; medians of steps timed between synchronisations, in milliseconds. It is what
`node bench/training.ts batch` and `node bench/head.ts` are read beside on the same machine.
"""

import json
import statistics
import sys
import time
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parent / "peers"))
from torch_network import STAGES, Network, head_loss  # noqa: E402

CLASSES = 200


def tensors():
    torch.manual_seed(1)
    made = {}

    def convolution(name, inputs, outputs, side, bias=False):
        made[f"{name}.weight"] = torch.randn(outputs, inputs, side, side, device="cuda") * (2 / (inputs * side * side)) ** 0.5
        if bias:
            made[f"{name}.bias"] = torch.zeros(outputs, device="cuda")

    def batch_norm(name, channels):
        for part, value in (("weight", 1.0), ("bias", 0.0), ("running_mean", 0.0), ("running_var", 1.0)):
            made[f"{name}.{part}"] = torch.full((channels,), value, device="cuda")

    convolution("conv1", 3, 64, 7)
    batch_norm("bn1", 64)
    inputs = 64
    for stage, blocks in enumerate(STAGES):
        width = 64 * 2**stage
        for block in range(blocks):
            name = f"layer{stage + 1}.{block}"
            for layer, (before, after, side) in enumerate(((inputs, width, 1), (width, width, 3), (width, 4 * width, 1)), 1):
                convolution(f"{name}.conv{layer}", before, after, side)
                batch_norm(f"{name}.bn{layer}", after)
            if block == 0:
                convolution(f"{name}.downsample.0", inputs, 4 * width, 1)
                batch_norm(f"{name}.downsample.1", 4 * width)
            inputs = 4 * width
    convolution("conv_last", inputs, CLASSES, 1)
    convolution("attention.0", inputs, 1, 1, bias=True)
    return made


def wake():
    """A GPU at rest runs at a fraction of its clock rate and takes a while to go up."""
    side = torch.randn(4096, 4096, device="cuda")
    begin = time.perf_counter()
    while time.perf_counter() - begin < 0.3:
        for _ in range(10):
            side @ side
        torch.cuda.synchronize()


def median_milliseconds(work, warm=5, samples=15):
    for _ in range(warm):
        work()
    wake()
    times = []
    for _ in range(samples):
        torch.cuda.synchronize()
        begin = time.perf_counter()
        work()
        torch.cuda.synchronize()
        times.append(1000 * (time.perf_counter() - begin))
    return statistics.median(times)


def training_step(batch):
    network = Network(tensors(), 32, True)
    optimizer = torch.optim.SGD(network.parameters(), lr=1e-9, momentum=0.9, weight_decay=1e-4, nesterov=True)
    images = torch.randn(batch, 3, 224, 224, device="cuda")
    labels = torch.arange(batch, device="cuda") % CLASSES

    def step():
        optimizer.zero_grad()
        head_loss(*network.logits(images), labels).backward()
        optimizer.step()

    return step


def inference(batch):
    network = Network(tensors(), 32, False)
    images = torch.randn(batch, 3, 224, 224, device="cuda")

    def step():
        with torch.no_grad():
            network.joint(images)

    return step


def head(batch, classes, side, loss):
    logits = torch.randn(batch, classes, side, side, device="cuda", requires_grad=True)
    location = torch.randn(batch, 1, side, side, device="cuda", requires_grad=True)
    labels = torch.arange(batch, device="cuda") % classes

    def step():
        torch.autograd.grad(loss(logits, location, labels), (logits, location))

    return step


rows = []


def row(name, mode, work):
    try:
        milliseconds = median_milliseconds(work)
    except Exception as error:  # what one mode cannot do must not hide the others
        print(name, mode, "failed:", str(error)[:300], flush=True)
        return
    rows.append({"name": name, "mode": mode, "milliseconds": milliseconds})
    print(f"{name:40} {mode:16} {milliseconds:9.3f} ms", flush=True)


for tf32 in (False, True):
    torch.backends.cuda.matmul.allow_tf32 = tf32
    torch.backends.cudnn.allow_tf32 = tf32
    mode = "eager, TF32" if tf32 else "eager, float32"
    for batch in (2, 8, 32):
        row(f"training step, batch {batch}", mode, training_step(batch))
        row(f"inference, batch {batch}", mode, inference(batch))
torch.backends.cuda.matmul.allow_tf32 = False
torch.backends.cudnn.allow_tf32 = False
for batch, classes, side in ((32, 200, 28), (32, 1000, 14)):
    name = f"head, B={batch} C={classes} {side}x{side}"
    row(name, "eager, float32", head(batch, classes, side, head_loss))
    row(name, "torch.compile", head(batch, classes, side, torch.compile(head_loss)))
for side in (4096,):
    left, right = (torch.randn(side, side, device="cuda") for _ in range(2))
    row(f"matrix product {side}", "eager, float32", lambda: left @ right)
source, target = (torch.empty(2**28, device="cuda") for _ in range(2))
row("copy of 1 GiB", "eager", lambda: target.copy_(source))

report = {
    "bench": "torch_gpu",
    "device": torch.cuda.get_device_name(),
    "versions": {"torch": torch.__version__, "cuda": torch.version.cuda},
    "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    "rows": rows,
}
Path(sys.argv[1]).write_text(json.dumps(report, indent=2) + "\n")
