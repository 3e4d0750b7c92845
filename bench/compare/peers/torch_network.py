"""ResNet-50 with CALM's head in PyTorch, on tensors by their names in network.ts."""

from torch import log
from torch.nn import functional

BATCH_NORM_EPSILON = 1e-5
STAGES = [3, 4, 6, 3]


def joint_map(class_logits, location_logits):
    """p(y,z|x), [N, C, H * W]: the formula as it is written."""
    conditional = functional.softmax(class_logits, 1).flatten(2)
    activation = functional.softplus(location_logits).flatten(2)
    return conditional * (activation / activation.sum(2, keepdim=True))


def head_loss(class_logits, location_logits, labels):
    """CALM-EM's mean loss."""
    joint = joint_map(class_logits, location_logits)
    rows = labels.view(-1, 1, 1).expand(-1, 1, joint.shape[2])
    likelihood = joint.gather(1, rows).squeeze(1)
    posterior = (likelihood / likelihood.sum(1, keepdim=True)).detach()
    return -(posterior * log(likelihood)).sum(1).mean()


class Network:
    def __init__(self, tensors, output_stride, training):
        self.tensors = tensors
        self.training = training
        self.strides = [1, 2, 2 if output_stride > 8 else 1, 2 if output_stride > 16 else 1]
        if training:
            for tensor in self.parameters():
                tensor.requires_grad_()

    def parameters(self):
        return [tensor for name, tensor in self.tensors.items() if ".running_" not in name]

    def convolution(self, images, name, stride=1):
        weight = self.tensors[f"{name}.weight"]
        padding = weight.shape[2] // 2
        return functional.conv2d(images, weight, self.tensors.get(f"{name}.bias"), stride, padding)

    def batch_norm(self, images, name):
        mean, variance, scale, shift = (
            self.tensors[f"{name}.{part}"] for part in ("running_mean", "running_var", "weight", "bias")
        )
        return functional.batch_norm(
            images, mean, variance, scale, shift, self.training, 0.1, BATCH_NORM_EPSILON
        )

    def bottleneck(self, images, name, stride, projects):
        hidden = functional.relu(self.batch_norm(self.convolution(images, f"{name}.conv1"), f"{name}.bn1"))
        hidden = self.batch_norm(self.convolution(hidden, f"{name}.conv2", stride), f"{name}.bn2")
        hidden = self.convolution(functional.relu(hidden), f"{name}.conv3")
        hidden = self.batch_norm(hidden, f"{name}.bn3")
        if projects:
            projected = self.convolution(images, f"{name}.downsample.0", stride)
            images = self.batch_norm(projected, f"{name}.downsample.1")
        return functional.relu(hidden + images)

    def logits(self, images):
        features = functional.relu(self.batch_norm(self.convolution(images, "conv1", 2), "bn1"))
        features = functional.max_pool2d(features, 3, 2, 1)
        for stage, blocks in enumerate(STAGES):
            for block in range(blocks):
                stride = self.strides[stage] if block == 0 else 1
                features = self.bottleneck(features, f"layer{stage + 1}.{block}", stride, block == 0)
        return self.convolution(features, "conv_last"), self.convolution(features, "attention.0")

    def joint(self, images):
        return joint_map(*self.logits(images))
