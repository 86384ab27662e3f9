"""The geometry of a radial plot: rays from the origin to a curved scale of effects, in millimetres and in values."""

from dataclasses import dataclass, replace

import numpy as np

from analysis.plots import _style as style
from analysis.plots._axis import round_ticks
from analysis.plots._measure import line_height, text_width
from analysis.plots._plane import Scale
from analysis.text import number

REACH = 0.955  # of the radius: the trial farthest from the origin
EDGE_MM = 2.0  # kept free above and below
TICK_MM = 1.0
GAP_MM = 1.0  # between a tick of the curved scale and its label
ANGLE = np.radians(1.5)  # that the scale runs on beyond the outermost effect
FLATTER = (1.0, 0.92, 0.84, 0.76, 0.68, 0.6)  # how much flatter than tall the fan may be
FEW_TICKS = 4
STEPS = 90


@dataclass(frozen=True, eq=False)
class Fan:
    """Where things stand on a panel of ``width`` by ``height`` mm: origin on its left edge at ``origin`` mm from below.

    ``across`` and ``up`` are the millimetres of a unit of precision and of the standardised effect; the curved scale
    runs from the effect ``ends[0]`` to ``ends[1]`` at ``radius`` mm from the origin; ``ticks`` and ``labels`` are its.
    """

    width: float
    height: float
    origin: float
    radius: float
    across: float
    up: float
    ends: tuple
    ticks: np.ndarray
    labels: tuple

    @property
    def scales(self):
        """Scales of the panel: precision, and the standardised effect."""
        low, high = -self.origin / self.up, (self.height - self.origin) / self.up
        return Scale((0.0, self.width / self.across)), Scale((low, high))

    def angle(self, effect):
        """Return the angles of the rays of effects."""
        return np.arctan(np.asarray(effect, float) * self.up / self.across)

    def on_arc(self, effect, more=0.0):
        """Return where rays of effects meet the curved scale, or ``more`` mm beyond, in mm from the lower left."""
        angle, radius = self.angle(effect), self.radius + more
        return np.column_stack([radius * np.cos(angle), self.origin + radius * np.sin(angle)])

    def arc(self, low, high):
        """Return the piece of the curved scale between two effects, in mm."""
        angles = np.linspace(*self.angle([low, high]), STEPS)
        return np.column_stack([self.radius * np.cos(angles), self.origin + self.radius * np.sin(angles)])

    def meets(self, slope, shift):
        """Return where the line shift + slope * precision meets the curved scale, in mm."""
        m, c = slope * self.up / self.across, shift * self.up
        x = (np.sqrt(self.radius**2 * (1 + m**2) - c**2) - m * c) / (1 + m**2)
        return np.array([x, self.origin + m * x + c])

    def values(self, mm):
        """Return millimetres as precision and standardised effect."""
        return (np.asarray(mm, float) - [0.0, self.origin]) / [self.across, self.up]


def fan_of(points, pooled, ratio, size):
    """Return the Fan of a radial plot that fits a panel.

    Parameters
    ----------
    points : DataFrame
        ``precision``, ``z`` and ``estimate`` of the trials.
    pooled : (float, float, float)
        Pooled effect and the ends of its interval.
    ratio : bool
        Whether effects are logarithms of ratios.
    size : (float, float)
        Width and height of the panel in millimetres, the labels of the curved scale included.
    """
    x, z, effects = (points[name].to_numpy(float) for name in ("precision", "z", "estimate"))
    far = pooled[0] * x.max()
    spread = min(z.min(), -2.0, far - 2.0), max(z.max(), 2.0, far + 2.0)
    effects = min(*effects, pooled[0], 0.0), max(*effects, pooled[0], 0.0)
    room = 0.0
    for _ in range(3):  # the labels need room, which moves the arc, which may change the labels
        fan = _placed(x, z, spread, effects, (*size, size[0] - TICK_MM - GAP_MM - room))
        ends = _ends(fan, effects, pooled)
        ticks, labels = _ticks(fan, ends, ratio)
        wanted = max((text_width(label, style.SMALL_PT) for label in labels), default=0.0)
        if wanted <= room:
            break
        room = wanted
    return replace(fan, ends=ends, ticks=ticks, labels=tuple(labels))


def _placed(x, z, spread, effects, size):
    """Return a Fan without its scale: as tall as the trials allow, flatter if that brings every ray onto the scale."""
    width, height, radius = size
    tallest = min((height - 2 * EDGE_MM) / (spread[1] - spread[0]), 0.9 * REACH * radius / max(np.abs(z).max(), 1e-9))
    found = []
    for flatter in FLATTER:
        up = flatter * tallest
        across = float((np.sqrt((REACH * radius) ** 2 - (up * z) ** 2) / x).min())
        fan = Fan(width, height, 0.0, radius, across, up, (), (), ())
        rays = radius * np.sin(fan.angle(effects))
        low, high = min(up * spread[0], rays[0]), max(up * spread[1], rays[1])
        if high - low <= height - 2 * EDGE_MM:
            return replace(fan, origin=(height - high - low) / 2)
        found.append(replace(fan, origin=(height - up * (spread[0] + spread[1])) / 2))
    return found[0]


def _ends(fan, effects, pooled):
    """Return the effects at both ends of the curved scale: trials, band and interval, as far as the panel goes."""
    x, y = np.transpose([fan.meets(pooled[0], side) for side in (-2.0, 2.0)])
    edges = np.arctan2(y - fan.origin, x)
    interval = fan.angle(pooled[1:]) if np.isfinite(pooled[1:]).all() else edges
    low, high = fan.angle(effects)
    angles = min(low, edges[0], interval[0]) - ANGLE, max(high, edges[1], interval[1]) + ANGLE
    return _within(fan, angles, fan.radius, 0.0)


def _within(fan, angles, radius, edge):
    """Return the effects of two angles, brought to where the panel is at least ``edge`` mm wider at that radius."""
    height = np.array([edge, fan.height - edge]) - fan.origin
    bottom, top = np.arcsin(np.clip(height / radius, -0.999, 0.999))
    return tuple(np.tan(np.clip(angles, bottom, top)) * fan.across / fan.up)


def _ticks(fan, ends, ratio):
    """Return as many round ticks of the curved scale as have room for their labels."""
    more, pitch = TICK_MM + GAP_MM, line_height(style.SMALL_PT)
    ends = _within(fan, fan.angle(ends), fan.radius + more, pitch / 2 - 0.6)
    for most in range(9, 0, -1):
        try:
            at, labels = Scale(ends, ratio).ticks(most)
            if ratio and len(at) < FEW_TICKS:  # a short stretch of ratios: steps of equal difference
                at, digits = round_ticks(*np.exp(ends), most)
                at, labels = np.log(at), [number(x, digits) for x in at]
        except (IndexError, TypeError):  # no round number between the ends
            continue
        if (np.diff(fan.on_arc(at, more)[:, 1]) >= 0.95 * pitch).all():
            return at, labels
    return np.array([]), []
