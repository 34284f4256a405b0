"""Networks other than Inception against torch-fidelity's on the same weights and pictures, in turns in one run.

    python benchmarks/networks.py            about ten minutes on two quiet cores
    python benchmarks/networks.py --write    also its part of benchmarks/results.md, and networks.json

Each case runs in a process of its own, ready before it is timed: the best of the rounds counts. The small classifier
has no peer but its own module. Needs the extra `benchmark`. Weights are random (seeded).
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import torch
from measuring import HEADER, HERE, Measured, in_process, in_turns, inside, load, machine, row, write_part
from torch import Tensor

sys.path.append(str(HERE.parent / "tests" / "support"))

Network = Callable[[Tensor], Tensor]  # uint8 N,3,H,W -> features
FEW, MANY = 0, 10**9  # pictures to come: none that compiling would be worth, and enough
CLIP = ("clip-rn50", "clip-vit-b-32", "clip-vit-b-16")
NAMES = ("vgg16", *CLIP, "classifier")
SIDES = ("peer", "ours", "compiled")
SIZE = 32  # pixels a side


def network_of(name: str, side: str, folder: Path) -> Network:
    """One side of one network."""
    if side == "peer":
        return peer(name, folder)
    return ours(name, folder, MANY if side == "compiled" else FEW)


def ours(name: str, folder: Path, coming: int) -> Network:
    from ganeval.extractors import open_extractor
    from ganeval.features.resize import RESIZES

    device, weights = torch.device("cpu"), written(name, folder)
    if name == "classifier":
        extractor = open_extractor(weights, device=device)
    else:
        extractor = open_extractor(name, device=device, weights=weights)
    extractor.expect(coming)
    return lambda pictures: extractor.run(RESIZES["tf1-bilinear"](list(pictures.numpy()), extractor.size, device))[0]


def peer(name: str, folder: Path) -> Network:
    if name == "classifier":
        from ganeval.extractors.classifier import load_classifier

        module = load_classifier(written(name, folder)).module
        return lambda pictures: module(pictures.float())[0]
    if name == "vgg16":
        from torch_fidelity.feature_extractor_vgg16 import FeatureExtractorVGG16

        module = FeatureExtractorVGG16("peer", ["fc2_relu"], feature_extractor_weights_path=str(written(name, folder)))
    else:
        from random_networks import clip_state, torch_fidelity_clip

        module = torch_fidelity_clip(name, clip_state(name))
    return lambda pictures: module(pictures)[0]


def written(name: str, folder: Path) -> Path:
    """The file of a network's random weights."""
    from ganeval.extractors.classifier import Classifier, ClassifierMetadata, save_classifier

    path = folder / ("classifier.safetensors" if name == "classifier" else f"{name}.pth")
    if name == "classifier":
        torch.manual_seed(0)
        network = Classifier(size=SIZE, classes=10, width=128).eval()
        about = ClassifierMetadata(SIZE, 128, tuple("0123456789"), "random", "", 0, 0.1, 1)
        save_classifier(path, network, about)
        return path
    from random_networks import clip_state, vgg16_state

    torch.save(vgg16_state() if name == "vgg16" else clip_state(name), path)
    return path


def case(name: str, side: str, quick: bool) -> Measured:
    """One side of one network in this process; its values are some features, and what it took to get ready."""
    from inception_weights import varied_images

    at_once = 256 if name == "classifier" else 32
    rounds = 1 if quick else 32 if name == "classifier" else 3
    pictures = varied_images(at_once, SIZE, seed=1)
    with tempfile.TemporaryDirectory() as folder, torch.inference_mode():
        network = network_of(name, side, Path(folder))
        network(pictures)
        start = time.perf_counter()
        for _ in range(2):  # a third batch is what a network gets ready for
            network(pictures)
        ready = time.perf_counter() - start

        def work() -> dict[str, float]:
            for _ in range(rounds):
                found = network(pictures).double()
            return {"mean": float(found.mean()), "norm": float(found.norm()), "largest": float(found.max())}

        measured = inside(work)
    extra = ready - 2 * measured.seconds / rounds
    return Measured(measured.seconds / (rounds * at_once), measured.megabytes, {**measured.values, "ready": extra})


def table(found: dict[str, Measured]) -> list[str]:
    """Rows of milliseconds a picture."""
    rows = []
    for name in NAMES:
        three = {f"{name}, {side}": _of_a_picture(found[f"{name}, {side}"]) for side in SIDES}
        rows += [row(f"{name}, {side}", f"{name}, peer", three) for side in SIDES[1:]]
    ready = "; ".join(f"{name} {found[f'{name}, compiled'].values['ready']:.0f} s" for name in NAMES)
    header = HEADER.replace("| seconds |", "| ms a picture |")
    return [header + "\n" + "\n".join(rows), f"Compiling took, with whatever torch's cache knew: {ready}."]


def _of_a_picture(one: Measured) -> Measured:
    values = {key: value for key, value in one.values.items() if key != "ready"}
    return Measured(1000 * one.seconds, one.megabytes, values)


def main(words: Sequence[str] | None = None) -> str:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--case", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument(
        "--quick", action="store_true", help="inputs too small to say anything: only to see that it runs"
    )
    asked = parser.parse_args(words)
    if asked.case:
        print(json.dumps(asdict(case(*asked.case, asked.quick))))
        return ""

    def measure(name: str) -> Measured:
        words = [sys.executable, __file__, "--case", *name.split(", "), *(["--quick"] if asked.quick else [])]
        return Measured(**json.loads(in_process(words)[2].splitlines()[-1]))

    found = in_turns([f"{name}, {side}" for name in NAMES for side in SIDES], asked.rounds, measure)
    title = "# Networks other than Inception"
    about = f"{machine()}; {load()}; best of {asked.rounds} rounds in turns; pictures of {SIZE} pixels, float32."
    text = "\n\n".join([title, about, *table(found)]) + "\n"
    print(text)
    if asked.write:
        document = {"machine": machine(), "rounds": asked.rounds, "cases": {k: asdict(v) for k, v in found.items()}}
        write_part(title, text, "networks", document)
    return text


if __name__ == "__main__":
    main()
