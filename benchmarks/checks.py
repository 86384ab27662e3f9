"""Plain code that shares nothing with the library: data, a floor for the time, a search that cannot miss a maximum."""

import numpy as np


def simulated(n, k, seed=1):
    """Outcomes and variances (n, k): mean 0.3, tau2 0.05, variances from 0.01 to 0.3."""
    rng = np.random.default_rng(seed)
    vi = np.exp(rng.uniform(np.log(0.01), np.log(0.3), (n, k)))
    return 0.3 + rng.standard_normal((n, k)) * np.sqrt(vi + 0.05), vi


def floor_dl(yi, vi, critical, rows=4096):
    """DerSimonian-Laird with HKSJ statistics, in blocks, without p-values, checks or absent studies."""
    n, k = yi.shape
    tau2, mean, se, low, high, q, i2 = out = np.empty((7, n))
    y, v, w, r = np.ones((4, k, rows))  # what a short block leaves is divided by as well
    for start in range(0, n, rows):
        b = slice(start, min(start + rows, n))
        m = b.stop - start
        y[:, :m], v[:, :m] = yi[b].T, vi[b].T
        np.reciprocal(v, out=w)
        total = w.sum(axis=0)
        np.subtract(y, np.einsum("ij,ij->j", w, y) / total, out=r)
        r *= r
        common = np.einsum("ij,ij->j", w, r)
        c = total - np.einsum("ij,ij->j", w, w) / total
        t = np.maximum((common - (k - 1)) / c, 0.0)
        np.add(v, t, out=w)
        np.reciprocal(w, out=w)
        total = w.sum(axis=0)
        centre = np.einsum("ij,ij->j", w, y) / total
        np.subtract(y, centre, out=r)
        r *= r
        error = np.sqrt(np.einsum("ij,ij->j", w, r) / ((k - 1) * total))
        half = critical * error
        results = (t, centre, error, centre - half, centre + half, common, t / (t + (k - 1) / c))
        for field, x in zip((tau2, mean, se, low, high, q, i2), results, strict=True):
            field[b] = x[:m]
    return out


def restricted_log_likelihood(yi, vi, tau2):
    """Of each row at its tau2, up to a constant."""
    variance = vi + np.reshape(tau2, (-1, 1))
    w = 1.0 / variance
    total = w.sum(axis=1)
    residual = yi - ((w * yi).sum(axis=1) / total)[:, None]
    return -0.5 * (np.log(variance).sum(axis=1) + np.log(total) + (w * residual**2).sum(axis=1))


def off_optimum(yi, vi, tau2, points=400, slack=1e-7):
    """How many rows have a higher restricted likelihood somewhere on a dense grid of tau2 than at the given one."""
    best = restricted_log_likelihood(yi, vi, np.zeros(len(yi)))
    smallest, largest = 1e-3 * vi.min(axis=1), 10.0 * (np.ptp(yi, axis=1) ** 2 + vi.max(axis=1))
    for share in np.linspace(0.0, 1.0, points):
        best = np.maximum(best, restricted_log_likelihood(yi, vi, smallest ** (1 - share) * largest**share))
    return int((restricted_log_likelihood(yi, vi, tau2) < best - slack).sum())
