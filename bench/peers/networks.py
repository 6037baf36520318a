"""The networks of the workloads as functions of weights by their names in netc, for PyTorch.

Every network is `loss(p, batch)`: `p` maps names such as `dense1.w` to tensors in netc's layout.
`prepare` brings convolutions' weights to PyTorch's order once, before training.
"""

import torch
import torch.nn.functional as F


def dense(p, name, x):
    if x.dim() == 2:
        return torch.addmm(p[name + ".b"], x, p[name + ".w"])
    return x @ p[name + ".w"] + p[name + ".b"]


def perceptron(layers, activation):
    def loss(p, batch):
        x, digit = batch
        for i in range(1, layers):
            x = activation(dense(p, f"dense{i}", x))
        return F.cross_entropy(dense(p, f"dense{layers}", x), digit)
    return loss


def lenet(p, batch):
    x, digit = batch
    for name, padding in (("conv2d1", 2), ("conv2d2", 0)):
        x = F.max_pool2d(F.relu(F.conv2d(x, p[name + ".w"], p[name + ".b"], padding=padding)), 2)
    x = x.permute(0, 2, 3, 1).flatten(1)  # netc's order: channels last
    for i in (1, 2):
        x = F.relu(dense(p, f"dense{i}", x))
    return F.cross_entropy(dense(p, "dense3", x), digit)


def convolution(p, name, x, stride=1):
    x = F.conv2d(x, p[f"{name}.conv2d1.w"], stride=stride, padding=1)
    return F.batch_norm(x, None, None, p[f"{name}.batch_norm1.scale"],
                        p[f"{name}.batch_norm1.shift"], training=True)


def resnet(p, batch):
    x, digit = batch
    x = F.relu(convolution(p, "convolution1", x))
    for i in range(9):
        stride = 2 if i in (3, 6) else 1
        past = x
        if stride == 2:  # every second pixel, zeros for the new channels
            more = x.shape[1] // 2
            past = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, more, more))
        y = F.relu(convolution(p, f"block{i + 1}.convolution1", x, stride))
        x = F.relu(convolution(p, f"block{i + 1}.convolution2", y) + past)
    return F.cross_entropy(dense(p, "dense1", x.mean((2, 3))), digit)


def lstm(p, batch):
    text, following = batch
    x = p["embedding1.w"][text]
    hidden = p["lstm1.wh"].shape[0]
    start = x.new_zeros(1, x.shape[0], hidden)
    weights = [p["lstm1.wx"].t(), p["lstm1.wh"].t(), p["lstm1.b"], torch.zeros_like(p["lstm1.b"])]
    x = torch._VF.lstm(x, (start, start), weights, True, 1, 0.0, True, False, True)[0]
    logits = dense(p, "dense1", x)
    return F.cross_entropy(logits.flatten(0, 1), following.flatten())


def norm(p, name, x):
    return F.layer_norm(x, x.shape[-1:], p[name + ".scale"], p[name + ".shift"])


def gpt(p, batch):
    text, following = batch
    x = p["embedding1.w"][text] + p["positional_embedding1.w"]
    rows, steps, width = x.shape
    for i in range(4):
        y = norm(p, f"layer_norm{2 * i + 1}", x)
        q, k, v = ((y @ p[f"self_attention{i + 1}.{name}"]).view(rows, steps, 4, -1).transpose(1, 2)
                   for name in ("wq", "wk", "wv"))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + y.transpose(1, 2).reshape(rows, steps, width) @ p[f"self_attention{i + 1}.wo"]
        y = F.gelu(dense(p, f"dense{2 * i + 1}", norm(p, f"layer_norm{2 * i + 2}", x)))
        x = x + dense(p, f"dense{2 * i + 2}", y)
    logits = dense(p, "dense9", norm(p, "layer_norm9", x))
    return F.cross_entropy(logits.flatten(0, 1), following.flatten())


def rbm(p, batch):
    (v,) = batch
    w, visible, hidden = p["rbm1.w"], p["rbm1.visible"], p["rbm1.hidden"]
    z = v @ w + hidden
    with torch.no_grad():
        h = torch.bernoulli(torch.sigmoid(z))
        u = torch.bernoulli(torch.sigmoid(h @ w.t() + visible))
    s = u @ w + hidden
    return (((u - v) * visible).sum(1) + (F.softplus(s) - F.softplus(z)).sum(1)).mean()


LOSSES = {"w1": perceptron(1, None), "w2": perceptron(2, torch.sigmoid),
          "w3": perceptron(3, F.relu), "w4": perceptron(4, F.relu), "w5": lenet, "w6": resnet,
          "w7": lstm, "w8": gpt, "w9": rbm, "w10": perceptron(21, F.relu)}


def optimizer(workload, parameters):
    if workload in ("w4", "w7"):
        return torch.optim.Adam(parameters, lr=0.001, fused=True)
    if workload == "w8":
        return torch.optim.AdamW(parameters, lr=0.001, weight_decay=0.01, fused=True)
    rate = {"w5": 0.05, "w10": 0.01}.get(workload, 0.1)
    momentum = 0.9 if workload in ("w3", "w5", "w6") else 0.0
    return torch.optim.SGD(parameters, lr=rate, momentum=momentum, fused=True)


def prepare(weights):
    """Weights as leaves that PyTorch trains, convolutions' in its order (channels last)."""
    p = {}
    for name, w in weights.items():
        if "running_" in name:
            continue
        w = torch.from_numpy(w)
        if "conv2d" in name and w.dim() == 4:
            w = w.permute(3, 2, 0, 1).contiguous(memory_format=torch.channels_last)
        p[name] = w.clone(memory_format=torch.preserve_format).requires_grad_()
    return p


def declared_layout(p):
    return {name: (w.permute(2, 3, 1, 0) if w.dim() == 4 else w).detach().numpy()
            for name, w in p.items()}


def batch_of(arrays):
    """A batch from NumPy: images channels last to channels first (the same memory), integers wide."""
    tensors = [torch.from_numpy(a) for a in arrays]
    tensors = [t.permute(0, 3, 1, 2) if t.dim() == 4 else t for t in tensors]
    return [t.long() if not t.is_floating_point() else t for t in tensors]
