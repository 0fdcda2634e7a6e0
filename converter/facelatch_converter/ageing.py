"""What years do to a head beside its shape: hair and beard grow and turn grey, flesh comes, goes and hangs lower."""

from dataclasses import replace

import numpy as np

from facelatch_converter.flesh import Flesh
from facelatch_converter.people import Hair


def grown(hair: Hair, rng: np.random.Generator) -> Hair:
    """Hair after some years: a higher hairline and more grey, for one in two a longer beard too."""
    beard = hair.beard_mm + float(rng.uniform(0, 4)) * (rng.random() < 0.5)
    grey = float(rng.uniform(0, 0.4))
    red, green, blue = ((1 - grey) * part + grey * 150 for part in hair.tone)
    higher = hair.hairline_mm + float(rng.uniform(0, 5))
    return replace(hair, beard_mm=beard, hairline_mm=higher, tone=(red, green, blue))


def fallen(flesh: Flesh, rng: np.random.Generator) -> Flesh:
    """Flesh after some years: heavier or lighter, and lower."""
    weight, sag = flesh.weight_mm + float(rng.normal(0, 0.7)), flesh.sag_mm + float(rng.uniform(0, 1))
    return replace(flesh, weight_mm=weight, sag_mm=sag)
