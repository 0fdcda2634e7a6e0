"""Expressions by name: what a face does when somebody grins, frowns, yawns or blinks.

Movements are those of the face model's shape vectors (Apple's ARKit names); a model that lacks one goes without.
"""

import numpy as np
import numpy.typing as npt

from facelatch_converter.face_model import FaceModel
from facelatch_converter.scenes import draw_expression

Real = npt.NDArray[np.float32]

USUAL = "usual"
"""What faces do while they are looked at: a few movements at once, none of them wide."""

_FULL, _STRONG, _SOME, _SLIGHT = (0.8, 1.0), (0.5, 1.0), (0.2, 0.7), (0.0, 0.35)

_SETS: dict[str, dict[str, tuple[float, float]]] = {
    "neutral": {},
    "smile": {"mouthSmile": _SOME, "cheekSquint": _SLIGHT, "mouthDimple": _SLIGHT},
    "grin": {
        "mouthSmile": _STRONG, "mouthUpperUp": _SOME, "mouthLowerDown": _SOME, "cheekSquint": _STRONG,
        "cheekRaiser": _SOME, "eyeSquint": _SOME, "mouthStretch": _SLIGHT, "jawOpen": _SLIGHT,
    },
    "frown": {
        "browDown": _STRONG, "mouthFrown": _STRONG, "mouthPress": _SOME, "noseSneer": _SLIGHT,
        "mouthShrugLower": _SOME, "eyeSquint": _SLIGHT,
    },
    "open-mouth": {"jawOpen": _STRONG, "mouthLowerDown": _SLIGHT, "mouthFunnel": _SLIGHT},
    "surprise": {"browInnerUp": _STRONG, "browOuterUp": _STRONG, "eyeWide": _STRONG, "jawOpen": _SOME},
    "closed-eyes": {"eyeBlink": _FULL, "browDown": _SLIGHT, "eyeSquint": _SLIGHT},
    "squint": {"eyeSquint": _STRONG, "cheekSquint": _STRONG, "browDown": _SOME, "eyeBlink": _SLIGHT},
    "pucker": {"mouthPucker": _STRONG, "mouthFunnel": _SOME, "jawForward": _SLIGHT},
    "puffed-cheeks": {"cheekPuff": _STRONG, "mouthPress": _SOME, "mouthClose": _SLIGHT},
    "disgust": {"noseSneer": _STRONG, "mouthUpperUp": _SOME, "browDown": _SOME, "mouthFrown": _SLIGHT},
    "grimace": {"mouthStretch": _STRONG, "mouthLowerDown": _STRONG, "eyeSquint": _SOME, "jawOpen": _SLIGHT},
    "rolled-lips": {"mouthRollLower": _STRONG, "mouthRollUpper": _STRONG, "mouthPress": _SOME},
    "jaw-aside": {"jawLeft": _STRONG, "mouthLeft": _STRONG},
}  # fmt: skip

EXPRESSIONS: tuple[str, ...] = (USUAL, *_SETS)

_LEFT, _RIGHT = "_L", "_R"
_MIRRORED = {"jawLeft": "jawRight", "mouthLeft": "mouthRight"}


def express_by_name(
    name: str,
    model: FaceModel,
    rng: np.random.Generator,
    strength: float = 1.0,
    asymmetry: float = 0.3,
) -> Real:
    """Expression weights (expressions,) in 0..1; one side of the face lags by up to `asymmetry`.

    Raises `ValueError` for a name that is not one of `EXPRESSIONS`.
    """
    if name == USUAL:
        return draw_expression(model, rng, strength)
    if name not in _SETS:
        raise ValueError(f"unknown expression {name!r}; known are {', '.join(EXPRESSIONS)}")
    places = {movement: place for place, movement in enumerate(model.expression_names)}
    weights = np.zeros(len(places), np.float32)
    lag = 1 - rng.uniform(0, asymmetry)
    sides = {_LEFT: 1.0, _RIGHT: lag} if rng.random() < 0.5 else {_LEFT: lag, _RIGHT: 1.0}
    mirrored = rng.random() < 0.5
    for movement, bounds in _SETS[name].items():
        amount = strength * rng.uniform(*bounds)
        whole = _MIRRORED.get(movement, movement) if mirrored else movement
        for place, share in (
            (places.get(whole), 1.0),
            *((places.get(movement + side), share) for side, share in sides.items()),
        ):
            if place is not None:
                weights[place] = np.clip(amount * share, 0, 1)
    return weights


def draw_wide_expression(model: FaceModel, rng: np.random.Generator, strength: float = 1.0) -> Real:
    """Any of the named expressions, often with a few other movements, sometimes on one side alone."""
    name = str(rng.choice(EXPRESSIONS))
    asymmetry = 1.0 if rng.random() < 0.15 else 0.3
    weights = express_by_name(name, model, rng, strength, asymmetry)
    if name != USUAL and rng.random() < 0.5:
        weights = np.maximum(weights, draw_expression(model, rng, 0.5 * strength))
    return np.clip(weights, 0, 1)
