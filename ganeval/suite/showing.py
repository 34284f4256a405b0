"""What a run shows besides its scores when it has ended: what is there already is not made again."""

import warnings
from dataclasses import replace

from ganeval.errors import GanevalWarning
from ganeval.gallery import FILE as GALLERY
from ganeval.progress import Tick
from ganeval.suite.activation import default_layer, path_of, write_activation
from ganeval.suite.drawn import from_noise, sampler_of, translated
from ganeval.suite.interpolation import FILE as INTERPOLATION
from ganeval.suite.interpolation import write_interpolation
from ganeval.suite.learning import BACK, FOLDER, forget_best
from ganeval.suite.running import Prepared
from ganeval.suite.sampling import DIRECTIONS


def show_learned(prepared: Prepared, *, anew: bool) -> None:
    """Write what the best averaged generator makes of latents in between, and what excites its middle layer.

    `anew`: what was made while it trained, of an earlier best, goes. A translator has no latents to go between, and
    layers for points nothing to see.
    """
    run, sampler = prepared.order.folder, sampler_of(prepared)
    if anew:
        forget_best(run)
    if prepared.domains is None and not (run / FOLDER / INTERPOLATION).is_file():
        write_interpolation(run, sampler)
    if not prepared.config.is_vector and not path_of(run, default_layer(sampler)).is_file():
        given = prepared.domains.a.test.pixels if prepared.domains else None
        write_activation(run, sampler, given=given)


def show_samples(prepared: Prepared, tick: Tick) -> None:
    """Write the galleries of a run that an earlier version scored; its report stays as it is."""
    run, domains = prepared.order.folder, prepared.domains
    names = () if prepared.config.is_vector else (GALLERY, BACK) if domains else (GALLERY,)
    if all((run / name).is_file() for name in names):
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GanevalWarning)  # said when it was scored
        if domains is None:
            sets = [from_noise(prepared, tick)]
        else:
            sets = [translated(prepared, domains, direction, tick) for direction in DIRECTIONS]
        for drawn in sets:
            replace(drawn, scorer=drawn.scorer.only("fid")).report()
