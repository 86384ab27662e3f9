"""Integrals over the heterogeneity SD tau, and mixtures of normals, to near machine precision."""

from typing import NamedTuple

import numpy as np

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(12)
_PANELS = 56
_CLOSE = 1e-13  # a panel is halved until its halves change the integral by less
_ROUNDING = 4.0 * np.finfo(float).eps  # of the logarithm of the density, for each unit and each term of its sum
_ROUNDS = 60
_LEFT, _RIGHT = 1e5, 340.0  # range of log(tau) about its centre; tau^2 must not overflow


class Panels(NamedTuple):
    """A density of tau on Gauss-Legendre panels of t, where log(tau) = centre + sinh(t)."""

    log_density: object  # function of log(tau)
    centre: float
    edges: np.ndarray  # (p + 1,)
    log_total: float  # log of the integral
    below: np.ndarray  # (p + 1,) share of the integral below each edge
    tau: np.ndarray  # (n,) nodes in increasing order
    share: np.ndarray  # (n,) their shares of the integral

    def density(self, tau):
        """Density at tau > 0."""
        x = np.log(tau)
        return np.exp(self.log_density(x) - x - self.log_total)

    def cdf(self, tau):
        """Share of the integral below tau (q,), all positive."""
        t = np.arcsinh(np.log(tau) - self.centre)
        return _share_below(self, np.clip(t, self.edges[0], self.edges[-1]))

    def quantile(self, p):
        """Values of tau with the shares p (q,) below, in (0, 1)."""

        def slope(t):
            return np.exp(self.log_density(self.centre + np.sinh(t)) - self.log_total) * np.cosh(t)

        i = np.clip(np.searchsorted(self.below, p) - 1, 0, self.edges.size - 2)
        t = _solve(lambda t: _share_below(self, t), slope, self.edges[i], self.edges[i + 1], p)
        return np.exp(self.centre + np.sinh(t))


def _inside(log_density, centre, a, b):
    """Nodes log(tau) of the panels [a, b] and the log of density times weight there, both (p, 12)."""
    half = (b - a)[:, None] / 2.0
    t = (a + b)[:, None] / 2.0 + half * _NODES
    x = centre + np.sinh(t)
    with np.errstate(divide="ignore"):
        weight = np.log(half * _WEIGHTS * np.cosh(t))
    return x, log_density(x.ravel()).reshape(x.shape) + weight


def integrate(log_density, centre, upper=np.inf, terms=0):
    """Integrate a density of log(tau), given as its logarithm, over the whole range of tau.

    Panels are halved until no halving changes the integral by more than a share of 1e-13, or than the rounding
    of the log-density, a sum of `terms`, explains; so the result rests on twice the nodes that were needed.
    """
    high = min(centre + _RIGHT, 345.0, np.log(upper))
    a, step = np.linspace(-np.arcsinh(_LEFT), np.arcsinh(high - centre), _PANELS, endpoint=False, retstep=True)
    b = a + step
    values = _inside(log_density, centre, a, b)[1]
    kept, top = [], values.max()
    for _ in range(_ROUNDS):
        middle = (a + b) / 2.0
        ends = np.concatenate([a, middle]), np.concatenate([middle, b])
        halves = _inside(log_density, centre, *ends)[1]
        top = max(top, halves.max())
        once = np.exp(values - top).sum(axis=1)
        twice = np.exp(halves - top).sum(axis=1)
        total = twice.sum() + sum(np.exp(v - top).sum() for _, _, v in kept)
        close = _CLOSE + _ROUNDING * (abs(top) + terms)
        open_ = np.abs(once - twice.reshape(2, -1).sum(axis=0)) > close * total
        both = np.tile(open_, 2)
        kept.append((ends[0][~both], ends[1][~both], halves[~both]))
        if not open_.any():
            break
        a, b, values = ends[0][both], ends[1][both], halves[both]
    else:
        raise ValueError("the posterior of tau could not be integrated: it has a spike narrower than double precision")
    left, right, values = (np.concatenate(part) for part in zip(*kept, strict=True))
    order = np.argsort(left)
    mass = np.exp(values[order] - top)
    total = mass.sum()
    below = np.concatenate([[0.0], np.cumsum(mass.sum(axis=1))]) / total
    x = _inside(log_density, centre, left[order], right[order])[0]
    edges = np.append(left[order], right[order][-1])
    with np.errstate(under="ignore"):
        tau = np.exp(x.ravel())
    return Panels(log_density, centre, edges, float(np.log(total) + top), below, tau, (mass / total).ravel())


def _share_below(panels, t):
    """Share of the integral below t (q,), by quadrature from the edge to its left."""
    i = np.clip(np.searchsorted(panels.edges, t) - 1, 0, panels.edges.size - 2)
    rest = _inside(panels.log_density, panels.centre, panels.edges[i], t)[1]
    return panels.below[i] + np.exp(rest - panels.log_total).sum(axis=1)


def _solve(cdf, density, low, high, p):
    """Where an increasing function takes the values p, by Newton's method within brackets."""
    x = 0.5 * (low + high)
    for step in range(200):
        gap = cdf(x) - p
        low, high = np.where(gap < 0, x, low), np.where(gap < 0, high, x)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            new = x - gap / density(x)
        fine = (new >= low) & (new <= high) & (step < 60)
        new = np.where(fine, new, 0.5 * (low + high))
        settled = np.abs(new - x) <= 1e-14 * np.abs(new) + 1e-300
        settled |= (np.abs(gap) <= 4e-16 * p) | (high - low <= 4e-16 * np.abs(x))
        x = new
        if settled.all():
            break
    return x


class Mixture(NamedTuple):
    """A mixture of normal distributions: shares (n,), means and SDs (n,) or, for r mixtures, (r, n)."""

    share: np.ndarray
    mean: np.ndarray
    sd: np.ndarray

    def density(self, x):
        """Density at x, shape (q,) or (r, q)."""
        z = (np.asarray(x)[..., None] - self.mean[..., None, :]) / self.sd[..., None, :]
        return (np.exp(-0.5 * z**2) / self.sd[..., None, :]) @ self.share / np.sqrt(2.0 * np.pi)

    def cdf(self, x):
        """Probability below x, shape (q,) or (r, q)."""
        from scipy import special

        z = (np.asarray(x)[..., None] - self.mean[..., None, :]) / self.sd[..., None, :]
        return special.ndtr(z) @ self.share

    def quantile(self, p):
        """Quantiles at p (q,) in (0, 1); shape (q,) or (r, q)."""
        p = np.asarray(p, dtype=float)
        middle = np.searchsorted(np.cumsum(self.share), 0.5 * self.share.sum())
        start, reach = self.mean[..., middle, None], self.sd[..., middle, None]
        low = np.broadcast_to(start - reach, self.mean.shape[:-1] + p.shape)
        high = np.broadcast_to(start + reach, low.shape)
        while (short := self.cdf(low) > p).any():
            low = np.where(short, start - 2.0 * (start - low), low)
        while (short := self.cdf(high) < p).any():
            high = np.where(short, start + 2.0 * (high - start), high)
        return start + _solve(
            lambda x: self.cdf(start + x), lambda x: self.density(start + x), low - start, high - start, p
        )


def shortest(quantile, density, level, ends=(-np.inf, np.inf)):
    """Return the shortest interval of probability `level`; `ends` is the range of the variable."""
    from scipy.optimize import brentq

    spare = 1.0 - level
    p = spare * np.linspace(0.0, 1.0, 21)
    p[0], p[-1] = 1e-9 * spare, spare * (1.0 - 1e-9)

    def limits(p):
        return quantile(np.atleast_1d(p)), quantile(np.atleast_1d(p) + level)

    def balance(p):
        low, high = limits(p)
        return float((density(low) - density(high))[0])

    low, high = limits(p)
    i = int(np.argmin(high - low))
    left, right = p[max(i - 1, 0)], p[min(i + 1, p.size - 1)]
    at_left, at_right = balance(left), balance(right)
    if at_left >= 0 and i <= 1 and np.isfinite(ends[0]):
        return ends[0], float(quantile(np.array([level]))[0])
    if at_right <= 0 and i >= p.size - 2 and np.isfinite(ends[1]):
        return float(quantile(np.array([spare]))[0]), ends[1]
    best = brentq(balance, left, right, xtol=1e-15) if at_left < 0 < at_right else p[i]
    low, high = limits(best)
    return float(low[0]), float(high[0])
