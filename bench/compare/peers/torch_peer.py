"""PyTorch on the CPU as a peer: answers the protocol of protocol.ts on its standard streams.

    python3 torch_peer.py THREADS

OMP_NUM_THREADS and OPENBLAS_NUM_THREADS must be set by the caller.
"""

import json
import os
import resource
import sys
import time

import numpy
import torch
from torch.nn import functional

from torch_network import BATCH_NORM_EPSILON, Network, head_loss

LEARNING_RATE = 0.01
MOMENTUM = 0.9
WATCHED_PARAMETERS = ["conv_last.weight", "conv1.weight"]


class NotOffered(Exception):
    """The library has no such operation."""


def load(stored):
    """A tensor with channels first from a file with channels last."""
    values = torch.from_numpy(numpy.fromfile(stored["file"], numpy.float32).reshape(stored["shape"]))
    if stored["layout"] == "image":
        values = values.permute(0, 3, 1, 2)
    elif stored["layout"] == "filter":
        values = values.permute(3, 2, 0, 1)
    return values.contiguous()


def store(folder, index, name, values, layout):
    """Writes a tensor with channels last, and says where."""
    values = values.detach()
    if values.dim() != 4:
        layout = "plain"
    if layout == "image":
        values = values.permute(0, 2, 3, 1)
    elif layout == "filter":
        values = values.permute(2, 3, 1, 0)
    file = os.path.join(folder, f"{index}.f32")
    values.contiguous().numpy().tofile(file)
    return {"name": name, "shape": list(values.shape), "layout": layout, "file": file}


def with_gradients(function, inputs, output_gradient, names):
    """A function that runs `function` forward and backward and names its output and gradients."""
    for tensor in inputs:
        tensor.requires_grad_()

    def run():
        output = function(*inputs)
        return dict(zip(names, (output, *torch.autograd.grad(output, inputs, output_gradient))))

    return run


def convolution(work, inputs):
    stride, padding = [work["stride"]] * 2, [work["kernel"] // 2] * 2
    tensor, weight, gradient = inputs["input"], inputs["weight"], inputs["outputGradient"]
    if work["direction"] == "forward":
        return lambda: {"output": functional.conv2d(tensor, weight, None, stride, padding)}, "image"
    wants_input = work["direction"] == "input gradient"

    def run():
        found = torch.ops.aten.convolution_backward(
            gradient, tensor, weight, None, stride, padding, [1, 1], False, [0, 0], 1,
            [wants_input, not wants_input, False],
        )
        return {"inputGradient": found[0]} if wants_input else {"weightGradient": found[1]}

    return run, "image" if wants_input else "filter"


def batch_norm(inputs):
    channels = inputs["scale"].numel()
    running = torch.zeros(channels), torch.ones(channels)
    return with_gradients(
        lambda x, scale, shift: functional.batch_norm(x, *running, scale, shift, True, 0.1, BATCH_NORM_EPSILON),
        [inputs["input"], inputs["scale"], inputs["shift"]],
        inputs["outputGradient"],
        ["output", "inputGradient", "scaleGradient", "shiftGradient"],
    )


def operation(work, inputs):
    """What to run and what its results' axes are."""
    kind = work["kind"]
    if kind == "matmul":
        return lambda: {"output": inputs["a"] @ inputs["b"]}, "plain"
    if kind == "convolution":
        return convolution(work, inputs)
    if kind == "batch norm":
        return batch_norm(inputs), "image"
    if kind in ("max pool", "global average pool"):
        pool = (lambda x: functional.max_pool2d(x, 3, 2, 1)) if kind == "max pool" else (lambda x: x.mean((2, 3)))
        names = ["output", "inputGradient"]
        return with_gradients(pool, [inputs["input"]], inputs["outputGradient"], names), "image"
    if kind == "relu":
        return lambda: {"output": functional.relu(inputs["input"])}, "image"
    if kind == "add":
        return lambda: {"output": inputs["a"] + inputs["b"]}, "image"
    if kind == "head":
        labels = torch.tensor(work["labels"])
        names = ["loss", "classGradient", "locationGradient"]
        maps = [inputs["classLogits"], inputs["locationLogits"]]
        return with_gradients(lambda f, a: head_loss(f, a, labels), maps, None, names), "image"
    raise NotOffered(f"no contender was written for {kind}")


class Operation:
    """An operation to be repeated; its outputs are those of one run."""

    def __init__(self, work, inputs):
        self.run, self.layout = operation(work, inputs)

    def outputs(self):
        return self.run(), self.layout

    def repeat(self):
        self.run()


class Optimiser:
    """One step over all parameters, whose gradients are the parameters' first values."""

    def __init__(self, _work, inputs):
        self.parameters = {name: values.requires_grad_() for name, values in inputs.items()}
        for values in self.parameters.values():
            values.grad = values.detach().clone()
        self.sgd = torch.optim.SGD(self.parameters.values(), LEARNING_RATE, MOMENTUM)

    def outputs(self):
        self.repeat()
        name = "conv_last.weight"
        return {name: self.parameters[name]}, "filter"

    def repeat(self):
        self.sgd.step()


class Inference:
    def __init__(self, work, inputs):
        self.images = inputs.pop("images")
        self.network = Network(inputs, work["outputStride"], training=False)

    def outputs(self):
        return {"probabilities": self.repeat()}, "plain"

    def repeat(self):
        return self.network.joint(self.images).sum(2)


class TrainingStep:
    def __init__(self, work, inputs):
        self.images = inputs.pop("images")
        self.labels = torch.tensor(work["labels"])
        self.network = Network(inputs, work["outputStride"], training=True)
        self.sgd = torch.optim.SGD(self.network.parameters(), LEARNING_RATE, MOMENTUM)

    def outputs(self):
        before = {name: self.network.tensors[name].detach().clone() for name in WATCHED_PARAMETERS}
        results = {"loss": self.repeat()}
        for name, values in before.items():
            change = (values - self.network.tensors[name].detach()) / LEARNING_RATE
            results[f"change of {name}"] = change
        return results, "filter"

    def repeat(self):
        self.sgd.zero_grad(set_to_none=True)
        loss = head_loss(*self.network.logits(self.images), self.labels)
        loss.backward()
        self.sgd.step()
        return loss.detach()


CONTENDERS = {"sgd": Optimiser, "inference": Inference, "training step": TrainingStep}


def grad_mode(contender):
    """Inference and single forward operations record nothing."""
    return torch.set_grad_enabled(not isinstance(contender, Inference))


class Peer:
    def __init__(self):
        self.contender = None

    def prepare(self, request):
        inputs = {stored["name"]: load(stored) for stored in request["inputs"]}
        work = request["work"]
        self.contender = CONTENDERS.get(work["kind"], Operation)(work, inputs)
        return {}

    def outputs(self, request):
        with grad_mode(self.contender):
            results, layout = self.contender.outputs()
        items = enumerate(results.items())
        return {"outputs": [store(request["folder"], i, name, values, layout) for i, (name, values) in items]}

    def time(self, request):
        with grad_mode(self.contender):
            begin = time.perf_counter()
            for _ in range(request["repetitions"]):
                self.contender.repeat()
            return {"milliseconds": 1e3 * (time.perf_counter() - begin)}

    def dispose(self, _request):
        self.contender = None
        return {}

    def close(self, _request):
        return {"peakMegabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def blas():
    """Name of the BLAS that this process has loaded: the reference implementation is twenty times slower than OpenBLAS."""
    with open("/proc/self/maps", encoding="utf8") as maps:
        files = {os.path.realpath(line.split()[-1]) for line in maps if "blas" in line}
    return ", ".join(sorted(os.path.join(*file.split("/")[-2:]) for file in files)) or "unknown"


def versions():
    found = {"torch": torch.__version__}
    if sys.platform == "linux":
        found["BLAS of torch"] = blas()
    return found


def send(answer):
    print(json.dumps(answer), flush=True)


def main():
    threads = int(sys.argv[1])
    torch.set_num_threads(threads)
    peer = Peer()
    send({"name": f"torch {threads}t", "versions": versions()})
    for line in sys.stdin:
        request = json.loads(line)
        try:
            send(getattr(peer, request["command"])(request))
        except Exception as error:  # every failure goes to the harness, which names it
            send({"error": str(error), "notOffered": isinstance(error, NotOffered)})
        if request["command"] == "close":
            break


main()
