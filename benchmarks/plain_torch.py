"""The fastest training loops that we could write in plain torch, as yardsticks.

No DataLoader, no callbacks: rows are gathered by an index and split into batches,
Adam and momentum are torch's fused kernels, the loss is read once per epoch. The
order of the rows comes from outside, one index per epoch.
"""

import torch
from torch import nn

GATHERED_AT_ONCE = 1 << 20  # bytes of rows; more would leave the cache before use


def batches(X, order, batch_size):
    """The rows of X in this order, batch by batch."""
    if X.nbytes <= GATHERED_AT_ONCE:
        return X.index_select(0, order).split(batch_size)
    return (X.index_select(0, rows) for rows in order.split(batch_size))


def train_autograd(module, criterion, optimizer, X, y, orders, batch_size):
    """Train any module with torch's own gradients and optimizer.

    Parameters
    ----------
    module : torch.nn.Module
    criterion : callable
        ``criterion(outputs, y)`` is the mean loss of a batch.
    optimizer : torch.optim.Optimizer
    X, y : tensor of shape (n_rows, ...)
    orders : iterable of int64 tensor of shape (n_rows,)
        One for each epoch.
    batch_size : int

    Returns
    -------
    list of float
        Mean loss of each epoch, each batch's taken before its step.
    """
    losses = []
    for order in orders:
        total = torch.zeros(())
        for x, target in zip(
            batches(X, order, batch_size), batches(y, order, batch_size), strict=True
        ):
            optimizer.zero_grad()
            loss = criterion(module(x), target)
            loss.backward()
            optimizer.step()
            total.add_(loss.detach(), alpha=len(x))
        losses.append(total.item() / len(X))
    return losses


@torch.no_grad()
def train_written_out(module, optimizer, X, Y, orders, batch_size, bias_rows):
    """Train Linear, ReLU, Linear with the gradients written out.

    With h = relu(x W1 + b1), q = softmax or sigmoid of h W2 + b2, n rows:

        dL/dz2 = (q - Y) / n,   dL/dz1 = dL/dz2 W2^T where h > 0, else 0
        dL/dW = input^T dL/dz,  dL/db = 1^T dL/dz

    Parameters
    ----------
    module : torch.nn.Sequential
        Gives the initial parameters.
    optimizer : torch.optim.Adam or torch.optim.SGD
        Gives the settings.
    X, Y : tensor of shape (n_rows, n_features), (n_rows, n_outputs)
        Y one-hot, or 0/1 in one column.
    orders, batch_size :
        As for `train_autograd`.
    bias_rows : bool
        Take biases as last rows of the weights, and rows with a 1 at their end:
        fewer calls, at an odd width of the matrices.

    Returns
    -------
    list of float
    """
    first, _, second = module
    flat = torch.cat([_with_bias_row(layer).flatten() for layer in (first, second)])
    grad = torch.zeros_like(flat)
    (V1, V2), (G1, G2) = (_matrices(t, first, second) for t in (flat, grad))
    (W1, b1), (W2, b2) = ((V[:-1], V[-1]) for V in (V1, V2))
    (gW1, gb1), (gW2, gb2) = ((G[:-1], G[-1:]) for G in (G1, G2))
    update = _update(optimizer, flat, grad)
    binary = Y.shape[1] == 1
    activation = torch.sigmoid if binary else lambda z: torch.softmax(z, 1)
    relu_backward = torch.ops.aten.threshold_backward
    addmm, mm = torch.addmm, torch.mm
    rests = {batch_size, len(X) % batch_size or batch_size}
    ones = {n: X.new_ones(1, n) for n in rests}
    hidden = {n: X.new_ones(n, len(W2) + 1) for n in rests}  # the last column stays 1

    def step(x, y):
        n = len(x)
        h = addmm(b1, x, W1).relu_()  # (n, fan_out)
        q = activation(addmm(b2, h, W2))
        delta = (q - y).mul_(1 / n)
        mm(h.t(), delta, out=gW2)
        mm(ones[n], delta, out=gb2)
        delta = relu_backward(mm(delta, W2.t()), h, 0)
        mm(x.t(), delta, out=gW1)
        mm(ones[n], delta, out=gb1)
        update()
        return q

    def step_bias_rows(x, y):
        n = len(x)
        h1 = hidden[n]  # (n, fan_out + 1)
        h = h1[:, :-1]
        mm(x, V1, out=h).relu_()
        q = activation(mm(h1, V2))
        delta = (q - y).mul_(1 / n)
        mm(h1.t(), delta, out=G2)
        delta = relu_backward(mm(delta, W2.t()), h, 0)
        mm(x.t(), delta, out=G1)
        update()
        return q

    if bias_rows:
        step = step_bias_rows
        X = torch.cat([X, X.new_ones(len(X), 1)], 1)
    losses = []
    for order in orders:
        Y_ordered = Y.index_select(0, order)
        q = torch.cat(
            [
                step(x, y)
                for x, y in zip(
                    batches(X, order, batch_size),
                    Y_ordered.split(batch_size),
                    strict=True,
                )
            ]
        )
        log_loss = torch.xlogy(Y_ordered, q)
        if binary:
            log_loss += torch.xlogy(1 - Y_ordered, 1 - q)
        losses.append(-log_loss.sum().item() / len(X))
    return losses


def _with_bias_row(layer):
    """(fan_in + 1, fan_out)"""
    return torch.cat([layer.weight.t(), layer.bias[None]])


def _matrices(flat, *layers):
    """Views of shape (fan_in + 1, fan_out)."""
    shapes = [(layer.in_features + 1, layer.out_features) for layer in layers]
    parts = flat.split([rows * columns for rows, columns in shapes])
    return [part.view(shape) for part, shape in zip(parts, shapes, strict=True)]


def _update(optimizer, flat, grad):
    """The fused kernel that ``optimizer`` would call, without its checks."""
    settings = optimizer.param_groups[0]
    first = torch.zeros_like(flat)
    if isinstance(optimizer, torch.optim.SGD):
        keywords = dict(
            weight_decay=0.0,
            momentum=settings["momentum"],
            lr=settings["lr"],
            dampening=0.0,
            nesterov=settings["nesterov"],
            maximize=False,
            is_first_step=False,
        )
        return lambda: torch._fused_sgd_([flat], [grad], [first], **keywords)
    second, n_steps = torch.zeros_like(flat), torch.zeros(())
    keywords = dict(
        lr=settings["lr"],
        beta1=settings["betas"][0],
        beta2=settings["betas"][1],
        weight_decay=0.0,
        eps=settings["eps"],
        amsgrad=False,
        maximize=False,
    )

    def adam():
        n_steps.add_(1)
        torch._fused_adam_([flat], [grad], [first], [second], [], [n_steps], **keywords)

    return adam


def pooled_first(module):
    """The same function with ReLU after the pooling, where it has fewer pixels."""
    layers = list(module)
    for i in range(len(layers) - 1):
        if isinstance(layers[i], nn.ReLU) and isinstance(layers[i + 1], nn.MaxPool2d):
            layers[i : i + 2] = layers[i + 1], layers[i]
    return nn.Sequential(*layers)
