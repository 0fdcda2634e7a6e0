"""Which samples of a session agree: those of one face lie about their common direction, and not far from it.

Noise, a hand that passes or a bad crop put single samples astray. More than half of a session has to agree; the rest
is set aside, unless one of them is so far away that it shows another face. How far that is differs between encoders:
it is the distance that the card says one stranger in a hundred is within (`Card.enrolment_limit`), here the reach.

Nothing here looks at who is enrolled, so nobody gets the samples chosen that suit them. The protocols `noisy` and
`hand` of `facelatch-convert evaluate` show what it gives, with attempts of one frame and of five.
"""

import math
from collections.abc import Sequence

import numpy as np

from facelatch.matching import Embedding, distance, fuse, is_usable

SCATTER = 0.7
"""How far the samples of one face scatter at most about its embedding, as a share of the reach. All five of 99 in 100
attempts of rendered people keep to it, and of 3 in 4 where the camera is noisy."""


def coherence_limit(samples: int, reach: float) -> float:
    """How far one of so many samples may be from all of them fused; a single one has nothing to disagree with.

    A sample has its share in what it is compared with: of `n` about one direction, each is nearer to their mean than
    to that direction by the factor sqrt(1 - 1/n).
    """
    return SCATTER * reach * math.sqrt(1 - 1 / samples) if samples > 1 else math.inf


def agreeing(embeddings: Sequence[Embedding], least: int, reach: float) -> tuple[int, ...]:
    """The places of the samples that agree, in order; none where fewer than `least` do.

    The sample farthest from all of them fused goes first, until the rest agree. There are none, too, where a sample
    is broken or one of those set aside is out of reach.
    """
    if len(embeddings) < max(least, 1) or not all(is_usable(embedding) for embedding in embeddings):
        return ()
    places = list(range(len(embeddings)))
    while True:
        fused = fuse([embeddings[place] for place in places])
        astray = [distance(embedding, fused) for embedding in embeddings]
        among = [astray[place] for place in places]
        # Written so that a distance that is no number agrees with nothing.
        if all(found <= coherence_limit(len(places), reach) for found in among):
            others = set(range(len(embeddings))) - set(places)
            return tuple(places) if all(astray[place] < reach for place in others) else ()
        if len(places) <= max(least, 1):
            return ()
        places.pop(int(np.argmax(among)))
