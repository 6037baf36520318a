"""The networks of the workloads as functions of weights by their names in netc, for PyTorch.

`LOGITS[workload](p, x, training)` gives what the softmax takes; `loss` the loss of a batch. `p` maps
names such as `dense1.w` to tensors. `prepare` brings the weights of convolutions and recurrences to
PyTorch's order once, before training.
"""

import torch
import torch.nn.functional as F


def dense(p, name, x):
    if x.dim() == 2:
        return torch.addmm(p[name + ".b"], x, p[name + ".w"])
    return x @ p[name + ".w"] + p[name + ".b"]


def perceptron(layers, activation):
    def logits(p, x, training):
        for i in range(1, layers):
            x = activation(dense(p, f"dense{i}", x))
        return dense(p, f"dense{layers}", x)
    return logits


def lenet(p, x, training):
    for name, padding in (("conv2d1", 2), ("conv2d2", 0)):
        x = F.max_pool2d(F.relu(F.conv2d(x, p[name + ".w"], p[name + ".b"], padding=padding)), 2)
    x = x.permute(0, 2, 3, 1).flatten(1)  # netc's order: channels last
    for i in (1, 2):
        x = F.relu(dense(p, f"dense{i}", x))
    return dense(p, "dense3", x)


def convolution(p, name, x, training, stride=1):
    x = F.conv2d(x, p[name + ".conv2d1.w"], stride=stride, padding=1)
    name += ".batch_norm1."
    past = (None, None) if training else (p[name + "running_mean"], p[name + "running_variance"])
    return F.batch_norm(x, *past, p[name + "scale"], p[name + "shift"], training=training)


def resnet(p, x, training):
    x = F.relu(convolution(p, "convolution1", x, training))
    for i in range(9):
        stride = 2 if i in (3, 6) else 1
        past = x
        if stride == 2:  # every second pixel, zeros for the new channels
            more = x.shape[1] // 2
            past = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, more, more))
        y = F.relu(convolution(p, f"block{i + 1}.convolution1", x, training, stride))
        x = F.relu(convolution(p, f"block{i + 1}.convolution2", y, training) + past)
    return dense(p, "dense1", x.mean((2, 3)))


def lstm(p, text, training):
    x = F.embedding(text, p["embedding1.w"])
    start = x.new_zeros(1, x.shape[0], p["lstm1.wh"].shape[1])
    weights = [p["lstm1.wx"], p["lstm1.wh"], p["lstm1.b"], torch.zeros_like(p["lstm1.b"])]
    x = torch._VF.lstm(x, (start, start), weights, True, 1, 0.0, training, False, True)[0]
    return dense(p, "dense1", x)


def norm(p, name, x):
    return F.layer_norm(x, x.shape[-1:], p[name + ".scale"], p[name + ".shift"])


def gpt(p, text, training):
    x = F.embedding(text, p["embedding1.w"]) + p["positional_embedding1.w"]
    rows, steps, width = x.shape
    for i in range(4):
        y = norm(p, f"layer_norm{2 * i + 1}", x)
        q, k, v = ((y @ p[f"self_attention{i + 1}.{name}"]).view(rows, steps, 4, -1).transpose(1, 2)
                   for name in ("wq", "wk", "wv"))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + y.transpose(1, 2).reshape(rows, steps, width) @ p[f"self_attention{i + 1}.wo"]
        y = F.gelu(dense(p, f"dense{2 * i + 1}", norm(p, f"layer_norm{2 * i + 2}", x)))
        x = x + dense(p, f"dense{2 * i + 2}", y)
    return dense(p, "dense9", norm(p, "layer_norm9", x))


LOGITS = {"w1": perceptron(1, None), "w2": perceptron(2, torch.sigmoid),
          "w3": perceptron(3, F.relu), "w4": perceptron(4, F.relu), "w5": lenet, "w6": resnet,
          "w7": lstm, "w8": gpt, "w10": perceptron(21, F.relu)}


def boltzmann_loss(p, v):
    w, visible, hidden = p["rbm1.w"], p["rbm1.visible"], p["rbm1.hidden"]
    z = v @ w + hidden
    with torch.no_grad():
        h = torch.bernoulli(torch.sigmoid(z))
        u = torch.bernoulli(torch.sigmoid(h @ w.t() + visible))
    s = u @ w + hidden
    return (((u - v) * visible).sum(1) + (F.softplus(s) - F.softplus(z)).sum(1)).mean()


def loss(workload, p, batch):
    if workload == "w9":
        return boltzmann_loss(p, batch[0])
    x, target = batch
    return F.cross_entropy(LOGITS[workload](p, x, True).flatten(0, -2), target.flatten())


def predict(workload, p, x):
    return torch.softmax(LOGITS[workload](p, x, False), -1)


def optimizer(workload, parameters, fused):
    if workload.optimizer == "adam":
        return torch.optim.AdamW(parameters, lr=workload.rate, weight_decay=workload.decay,
                                 fused=fused)
    return torch.optim.SGD(parameters, lr=workload.rate, momentum=workload.momentum, fused=fused)


def prepare(weights, training):
    """Tensors in PyTorch's order: convolutions' channels last, a recurrence's transposed."""
    p = {}
    for name, w in weights.items():
        w = torch.from_numpy(w)
        if w.dim() == 4:
            w = w.permute(3, 2, 0, 1).contiguous(memory_format=torch.channels_last)
        if name.startswith("lstm") and w.dim() == 2:
            w = w.t().contiguous()
        w = w.clone(memory_format=torch.preserve_format)
        if not training:
            p[name] = w
        elif "running_" not in name:
            p[name] = w.requires_grad_()
    return p


def declared_layout(p):
    """Arrays in the order of the declarations in netc."""
    def restore(name, w):
        if w.dim() == 4:
            w = w.permute(2, 3, 1, 0)
        if name.startswith("lstm") and w.dim() == 2:
            w = w.t()
        return w.detach().contiguous().numpy()
    return {name: restore(name, w) for name, w in p.items()}


def batch_of(arrays):
    """A batch from NumPy: images channels last to channels first (the same memory), integers wide."""
    tensors = [torch.from_numpy(a) for a in arrays]
    tensors = [t.permute(0, 3, 1, 2) if t.dim() == 4 else t for t in tensors]
    return [t.long() if not t.is_floating_point() else t for t in tensors]
