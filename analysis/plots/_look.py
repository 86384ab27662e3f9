"""Sizes, colours and type of the default look, and what each theme changes in them; ``_theme`` hands them out.

Lengths are millimetres on paper, type is in points at final size. Orange and teal are far apart in
lightness, so that they stay apart in greyscale; shape and fill carry the same meaning a second time. A theme changes
the look, the signs of numbers, and spelling.
"""

from analysis.text import NumberStyle

PT_PER_MM = 72 / 25.4
# ships with matplotlib: the same extents on every machine
FONT = ("DejaVu Sans",)

# parse_math: a name with two dollar signs is no formula
RC = {
    "text.usetex": False,
    "text.parse_math": False,
    "axes.grid": False,
    "figure.autolayout": False,
    "figure.constrained_layout.use": False,
    "path.sketch": None,
    "path.effects": [],
}
INK = "#16202b"
MUTED = "#58646f"
FAINT = "#aab3bb"
CONNECTOR = "#d3d9de"
ZONE = "#e1eeea"
ZONE_TEXT = "#2f6b58"
SQUARE = "#8795a3"
# unless a theme sets them apart
ALIASES = {"SQUARE_IMPUTED": "INK", "INTERVAL": "INK", "DIAMOND": "INK", "DIAMOND_EDGE": "INK", "PREDICTION": "MUTED"}
ORANGE = "#db7a2b"
ORANGE_TEXT = "#a9510f"
TEAL = "#04626c"
PAPER = "white"

# shape and colour of up to five groups of trials, and of all others; told apart by shape alone if need be
GROUPS = (
    ("circle", "#1d4f91"),
    ("square", "#c2477f"),
    ("triangle up", "#b8860b"),
    ("triangle down", "#3f9e8f"),
    ("triangle right", "#6b3f1d"),
    ("triangle left", "#7a8691"),
)
TRIAL = "#47617d"  # trials where nothing else tells them apart

# lines and areas of a fitted model: the line, the area of its confidence limits, that of its prediction limits
MODEL = "#1d4f91"
BAND_DARK = "#b3c7e0"
BAND = "#e3ebf5"
TRACK = "#eef1f3"  # the full height of a row of shares
REACH_BANDS = "#dfe4e8", "#b9c2ca"  # as far as any interval reaches, inside all intervals

# lettered circles in a column: fill and letter of a good, a middling, a bad and an unstated mark
SYMBOLS = {
    "good": ("#2f8273", "white"),
    "some": ("#f3d98b", "#16202b"),
    "bad": ("#6b1513", "white"),
    "none": ("#d3d9de", "#16202b"),
}
SYMBOL_MM = 3.3  # their diameter
TITLE_PT = 8.5
BODY_PT = 7.1
SMALL_PT = 6.8
NOTE_PT = 6.3

# size, weight and colour of texts, by name
TEXTS = {
    "TITLE": ("TITLE_PT", "bold", "INK"),
    "HEAD": ("BODY_PT", "bold", "INK"),
    "CAPTION": ("SMALL_PT", "normal", "INK"),
    "QUIET_CAPTION": ("SMALL_PT", "normal", "MUTED"),
    "NOTE": ("NOTE_PT", "normal", "MUTED"),
    "NAME": ("NOTE_PT", "normal", "INK"),
}

# on pages as narrow as a column of a journal, where a width is asked for
COMPACT_MM = 100.0

COMPACT = {
    "TITLE_PT": 7.6,
    "BODY_PT": 6.5,
    "SMALL_PT": 6.2,
    "NOTE_PT": 6.1,
    "GAP": 2.2,
    "PANEL_GAP": 2.8,
    "INDENT": 1.6,
    "SQUARE_MAX_PT": 6.8,
}
# rows as close as type of 6 points, the least that journals print, lets them be
CLOSE = COMPACT | {
    **dict.fromkeys(("BODY_PT", "SMALL_PT", "NOTE_PT"), 6.0),
    "ROW_MM": {"heading": 3.0, "trial": 2.6, "subtotal": 3.2, "total": 4.2, "prediction": 3.0, "model": 3.0},
    "CLOSE_ROW_MM": 2.6,
    "BETWEEN_MM": 0.8,
    "SPACE_ABOVE_MM": {"heading": 1.0, "total": 1.2},
    "DIAMOND_MM": {"subtotal": 1.3, "total": 1.8, "model": 1.4},
    "LANE_MM": 0.5,
    "SQUARE_MAX_PT": 5.2,
    "CIRCLE_PT": 3.0,
    "STEP_PT": 4.2,
    "CONNECTOR_PT": 1.6,
    "PREDICTION_PT": 2.0,
    "INTERVAL_PT": 0.7,
    "ARROW_MM": 1.0,
    "SYMBOL_MM": 2.5,
}
MARGIN = 4.0
GAP = 3.2  # between text columns
PART_GAP = 1.2  # between the parts of one column, about a space
PANEL_GAP = 4.4  # between a panel and its neighbours
INDENT = 2.4  # trials under their group
LINE = 1.32  # line pitch over type size
CAP = 0.36  # half the height of a capital over type size: centres a line on its row
RULE_PT = 0.5
HAIR_PT = 0.3
INTERVAL_PT = 0.9
PREDICTION_PT = 2.6
CONNECTOR_PT = 2.2
CIRCLE_PT = 4.4  # diameter of an arm's marker
SQUARE_MAX_PT = 8.0  # side of the square of the heaviest trial
SQUARE_MIN_PT = 2.2
STEP_PT = 5.6  # diagonal of the diamond of one step of many
HALO_PT = 1.6  # of paper around names that stand on lines, on both sides together
RIM_PT = 0.45  # white around markers that may overlap
RING_PT = 1.1  # what is left of a hollow marker
POOLED_PT2 = 34.0  # area of the diamond of two pooled means
ARROW_MM = 1.4
ROW_MM = {
    "heading": 4.6,
    "trial": 4.5,
    "subtotal": 5.2,
    "total": 6.6,
    "prediction": 4.6,
    "model": 5.0,
    "note": 4.2,
    "claim": 4.8,
    "subhead": 6.4,
    "option": 3.5,
    "category": 10.0,
}
CLOSE_ROW_MM = 3.9  # of one of several outcomes of a trial
BETWEEN_MM = 1.5  # between trials with several
LANE_MM = 0.9  # of the marks of each arm, above and below the middle of a row
SPACE_ABOVE_MM = {"heading": 1.6, "total": 2.0, "subhead": 2.4}
DIAMOND_MM = {"subtotal": 1.7, "total": 2.4, "model": 1.9}  # height
TAIL_GAP = 1.1  # between a name and the notes or the count that follow it
STRIP_MM = 4.8  # between the head and the first row: the key of the marks, the label of the zone
BARE_STRIP_MM = 1.6  # the same where nothing is written in it
BODY_KINDS = tuple(ROW_MM)
BOLD_KINDS = ("heading", "total", "subhead")
LEAST_DIGITS = 0  # decimals of estimates, at least

# the look that stands above, by name; what follows is what themes put in its place
SETTINGS = {name: value for name, value in globals().items() if name.isupper()}

_JAMA = {
    "FONT": ("Arial", "Liberation Sans", "DejaVu Sans"),
    "INK": "#000000",
    "MUTED": "#4d4d4d",
    "FAINT": "#a6a6a6",
    "SQUARE": "#6b8abf",
    "DIAMOND": "#b5cde8",
    "DIAMOND_EDGE": "#000000",
    "SQUARE_MAX_PT": 7.4,
    "ZONE": "#e8eef6",
    "ZONE_TEXT": "#2d5288",
    "ORANGE": "#c0811a",
    "ORANGE_TEXT": "#8a5a00",
    "TEAL": "#00366b",
    "CONNECTOR": "#d5dae2",
}

_REVMAN = {
    "FONT": ("Arial", "Liberation Sans", "DejaVu Sans"),
    "INK": "#000000",
    "MUTED": "#4d4d4d",
    "FAINT": "#9e9e9e",
    "SQUARE": "#5a9a54",
    "ZONE": "#eef3e6",
    "ZONE_TEXT": "#3f6b25",
    "ORANGE": "#c0781f",
    "ORANGE_TEXT": "#8a5108",
    "TEAL": "#1d4f91",
    "LEAST_DIGITS": 2,
}

_MINIMAL = {
    "INK": "#111111",
    "MUTED": "#595959",
    "FAINT": "#ababab",
    "CONNECTOR": "#d6d6d6",
    "ZONE": "#ededed",
    "ZONE_TEXT": "#555555",
    "SQUARE": "#8c8c8c",
    "ORANGE": "#7d7d7d",
    "ORANGE_TEXT": "#5e5e5e",
    "TEAL": "#111111",
    "GROUPS": (
        ("circle", "#1a1a1a"),
        ("square", "#7d7d7d"),
        ("triangle up", "#3d3d3d"),
        ("triangle down", "#8c8c8c"),
        ("triangle right", "#000000"),
        ("triangle left", "#666666"),
    ),
    "TRIAL": "#4d4d4d",
    "MODEL": "#262626",
    "BAND_DARK": "#bdbdbd",
    "BAND": "#e6e6e6",
    "TRACK": "#f0f0f0",
    "REACH_BANDS": ("#e0e0e0", "#bcbcbc"),
    "SYMBOLS": {
        "good": ("#f7f7f7", "#111111"),
        "some": ("#bdbdbd", "#111111"),
        "bad": ("#3d3d3d", "white"),
        "none": ("#e0e0e0", "#111111"),
    },
    "RULE_PT": 0.4,
    "INTERVAL_PT": 0.8,
}

_DARK = {
    "PAPER": "#14191f",
    "INK": "#e8edf2",
    "MUTED": "#a9b4be",
    "FAINT": "#66727d",
    "CONNECTOR": "#3b454f",
    "ZONE": "#1d3830",
    "ZONE_TEXT": "#8fd3ba",
    "SQUARE": "#64737f",
    "ORANGE": "#d9792b",
    "ORANGE_TEXT": "#f0a868",
    "TEAL": "#8fe3e6",
    "GROUPS": (
        ("circle", "#7db0f2"),
        ("square", "#ef86b4"),
        ("triangle up", "#e0b44a"),
        ("triangle down", "#6fd0bd"),
        ("triangle right", "#c79a75"),
        ("triangle left", "#a3aeb9"),
    ),
    "TRIAL": "#9db8d6",
    "MODEL": "#7db0f2",
    "BAND_DARK": "#2f4a6b",
    "BAND": "#1f2e41",
    "TRACK": "#1f262d",
    "REACH_BANDS": ("#2a323a", "#46515b"),
    "SYMBOLS": {
        "good": ("#4fae9c", "#10151a"),
        "some": ("#f3d98b", "#16202b"),
        "bad": ("#e0706c", "#10151a"),
        "none": ("#4a545e", "#e8edf2"),
    },
}

PALETTES = {
    "default": {},
    "jama": {
        "look": _JAMA,
        "numbers": NumberStyle(brackets="()", p_zero=False),
        "spelling": {
            r"\bp (?=[{=<>])": "P ",
            r"\b([Ff])avour": r"\1avor",
            r"andomised": "andomized",
            r"tandardised": "tandardized",
        },
    },
    "revman": {"look": _REVMAN, "numbers": NumberStyle(between=", ")},
    "minimal": {"look": _MINIMAL},
    "dark": {"look": _DARK},
}
