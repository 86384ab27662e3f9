"""Limits and ticks of a panel: the trials set them, not the widest summary."""

import math

import numpy as np

PAD = 0.035  # of the span, at both ends
STEPS = (1.0, 2.0, 2.5, 5.0)
CAP_WIDTHS = 3.0  # an interval this many times wider than the median one may leave the panel
LEAST_FILL = 0.6
LEAST_FILL_OF_POINTS = 0.4


def panel_limits(estimate, low, high, *, null=0.0, zone=None):
    """Return the limits of a panel.

    Every estimate and the null value lie inside. All intervals do too, unless a few that are more than
    three times as wide as the median one would squeeze the others into less than 60 % of the panel: those
    leave it, with an arrowhead. The zone is included as long as the trials still fill 60 %.
    """
    estimate, low, high = (np.asarray(x, float) for x in (estimate, low, high))
    known = np.isfinite(estimate) & np.isfinite(low) & np.isfinite(high)
    if not known.any():
        return (null - 1.0, null + 1.0) if zone is None else _padded(min(null, *zone), max(null, *zone))
    estimate, low, high = estimate[known], low[known], high[known]
    full = min(low.min(), null), max(high.max(), null)
    cap = CAP_WIDTHS * np.median(high - low) / 2
    capped_low, capped_high = np.maximum(low, estimate - cap), np.minimum(high, estimate + cap)
    core = min(capped_low.min(), null), max(capped_high.max(), null)
    ends = core if core[1] - core[0] < LEAST_FILL * (full[1] - full[0]) else full
    if zone is not None:
        wider = min(ends[0], *zone), max(ends[1], *zone)
        if ends[1] - ends[0] >= LEAST_FILL * (1 + 2 * PAD) * (wider[1] - wider[0]):
            ends = wider
    return _padded(*ends)


def limits_around(points, intervals, *, null=0.0, zone=()):
    """Return the limits of a panel of points: all of them, the null value, and the intervals that leave them room.

    From the narrowest to the widest, an interval is taken in as long as the points fill 40 % of the panel; what is
    wider ends in an arrowhead. ``intervals`` are (low, high).
    """
    points = np.asarray(points, float)
    low, high = min(points.min(), null), max(points.max(), null)
    span, ends = high - low, [pair for pair in intervals if np.isfinite(pair).all()]
    for pair in [*sorted(ends, key=lambda pair: pair[1] - pair[0]), *([zone] if zone else [])]:
        wider = min(low, pair[0]), max(high, pair[1])
        if span >= LEAST_FILL_OF_POINTS * (wider[1] - wider[0]) or len(points) == 1:
            low, high = wider
    return _padded(float(low), float(high))


def _padded(low, high):
    span = high - low
    if span <= 0:
        span = abs(high) or 1.0
        return low - span / 2, high + span / 2
    return low - PAD * span, high + PAD * span


def round_ticks(low, high, most=7):
    """Return four to seven round ticks between the limits, zero among them, and the decimals they need.

    Fewer ticks come back where ``most`` asks for it, as in a panel too narrow for their labels.
    """
    best, order = None, math.floor(math.log10(high - low))
    for power in range(order - 2, order + 2):
        for step in STEPS:
            size = step * 10.0**power
            ticks = np.arange(math.ceil(low / size - 1e-9), math.floor(high / size + 1e-9) + 1) * size
            misfit = abs(ticks.size - 5.4)
            if 1 <= ticks.size <= most and (best is None or misfit < best[0]):
                best = misfit, ticks, max(0, (step == 2.5) - power)
    return best[1], best[2]


def ratio_ticks(low, high, most=7):
    """Return round ticks for a log axis, one among them, and the decimals of each.

    Limits and ticks are natural logarithms; the labels are for the ratios.
    """
    best = None
    decades = range(math.floor(low / math.log(10)) - 1, math.ceil(high / math.log(10)) + 1)
    for leading in ((1.0,), (1.0, 3.0), (1.0, 2.0, 5.0), (1.0, 1.5, 2.0, 3.0, 5.0, 7.0)):
        ticks = [digit * 10.0**decade for decade in decades for digit in leading]
        ticks = [tick for tick in ticks if low <= math.log(tick) <= high]
        if 2 <= len(ticks) <= most and (best is None or abs(len(ticks) - 5) < abs(len(best) - 5)):
            best = ticks
    twos = [2.0**power for power in range(math.ceil(low / math.log(2)), math.floor(high / math.log(2)) + 1)]
    if 4 <= len(twos) <= most and (best is None or abs(len(twos) - 5) < abs(len(best) - 5)):
        best = twos
    for every in (2, 3, 4, 6):  # many decades: one, and every second or third power of ten
        ticks = [10.0**decade for decade in decades if not decade % every and low <= decade * math.log(10) <= high]
        if best is None and 2 <= len(ticks) <= most:
            best = ticks
    if best is None:
        best = [tick for tick in round_ticks(math.exp(low), math.exp(high), most)[0] if tick > 0]
    digits = [len(f"{tick:.8f}".rstrip("0").partition(".")[2]) for tick in best]
    return np.log(best), digits
