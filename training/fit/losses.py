"""The loss of a batch, its gradient and the measure beside it, compiled by Numba, for each task.

Outputs are [unit, point], as in `training.fit.kernels`. `class_weights` is empty where all classes weigh the same.
"""

import math

from training.fit.kernels import F, compiled, exp, f4, log_1_plus_exp, tanh

BINARY, MULTICLASS, REGRESSION = range(3)


@compiled
def score(task: int, outputs: F, labels: F, class_weights: F, count: int, sums: F) -> None:
    """Add the losses of a batch's points and their correct answers (in a regression absolute errors) to `sums`."""
    if task == BINARY:
        _score_binary(outputs[0], labels, class_weights, count, sums)
    elif task == MULTICLASS:
        _score_classes(outputs, labels, class_weights, count, sums)
    else:
        for n in range(count):
            error = outputs[0, n] - labels[n]
            sums[0] += error * error
            sums[1] += abs(error)


@compiled
def _score_binary(logits: F, labels: F, class_weights: F, count: int, sums: F) -> None:
    loss, right = f4(0), f4(0)
    if len(class_weights) == 0:
        for n in range(count):
            z = logits[n]
            loss += max(z, f4(0)) - z * labels[n] + log_1_plus_exp(-abs(z))
    else:
        for n in range(count):
            z = logits[n]
            loss += class_weights[int(labels[n])] * (max(z, f4(0)) - z * labels[n] + log_1_plus_exp(-abs(z)))
    for n in range(count):
        right += f4((logits[n] > 0) == (labels[n] > 0))
    sums[0] += loss
    sums[1] += right


@compiled
def _score_classes(logits: F, labels: F, class_weights: F, count: int, sums: F) -> None:
    for n in range(count):
        y, best, total = int(labels[n]), 0, f4(0)
        for k in range(len(logits)):
            if logits[k, n] > logits[best, n]:
                best = k
        for k in range(len(logits)):
            total += exp(logits[k, n] - logits[best, n])
        loss = math.log(total) + logits[best, n] - logits[y, n]
        sums[0] += loss if len(class_weights) == 0 else class_weights[y] * loss
        sums[1] += f4(best == y)


@compiled
def loss_gradient(
    task: int, outputs: F, labels: F, class_weights: F, count: int, batch: int, grads: F, scratch: F
) -> None:
    """Write d loss / d output of the `count` points of a part of a batch; for the places after them it is 0.

    Of several classes it writes to two rows of `scratch` [unit, point], too.
    """
    if task == BINARY:
        _binary_gradient(outputs[0], labels, batch, grads[0])
    elif task == MULTICLASS:
        _classes_gradient(outputs, labels, batch, grads, scratch[0], scratch[1])
    else:
        for n in range(count):
            grads[0, n] = f4(2) * (outputs[0, n] - labels[n]) / f4(batch)
    if len(class_weights) > 0:
        _weigh(grads, labels, class_weights, count)
    for k in range(len(grads)):
        for n in range(count, grads.shape[1]):
            grads[k, n] = 0


@compiled
def _binary_gradient(logits: F, labels: F, batch: int, grad: F) -> None:
    """P(y = 1) - y, for the mean over the batch."""
    for n in range(len(grad)):
        grad[n] = (f4(0.5) + f4(0.5) * tanh(f4(0.5) * logits[n]) - labels[n]) / f4(batch)


@compiled
def _classes_gradient(logits: F, labels: F, batch: int, grads: F, largest: F, total: F) -> None:
    """P(y = k) - [y = k], for the mean over the batch; the probabilities are the logits' softmax."""
    for n in range(len(largest)):
        largest[n], total[n] = logits[0, n], f4(0)
    for k in range(1, len(logits)):
        for n in range(len(largest)):
            largest[n] = max(largest[n], logits[k, n])
    for k in range(len(logits)):
        for n in range(len(largest)):
            grads[k, n] = exp(logits[k, n] - largest[n])
            total[n] += grads[k, n]
    for k in range(len(logits)):
        for n in range(len(largest)):
            grads[k, n] = (grads[k, n] / total[n] - f4(labels[n] == f4(k))) / f4(batch)


@compiled
def _weigh(grads: F, labels: F, class_weights: F, count: int) -> None:
    for k in range(len(grads)):
        for n in range(count):
            grads[k, n] *= class_weights[int(labels[n])]
