"""Each protocol against the library it is named for: the same files, the same seeded random Inception weights.

Two sets of 24 real images (digits, enlarged and tinted). N < D here, so the peers' matrix roots carry dust of about
1e-8 of the largest eigenvalue in each of 2,000 empty dimensions: FID is compared to 1e-3 (torch-fidelity, whose
eigenvalues carry less: 1e-4), features to 1e-4.
"""

import contextlib
import io
from pathlib import Path

import cleanfid.fid
import numpy as np
import pytest
import pytorch_fid.fid_score
import pytorch_fid.inception
import torch
import torch_fidelity
from PIL import Image

import ganeval
from ganeval.evaluation.scorer import Scorer
from ganeval.evaluation.settings import Settings
from ganeval.reports.report import Report
from ganeval.sources.datasets import open_dataset

COUNT = 24
Folders = tuple[str, str]


@pytest.fixture(scope="module")
def weights(inception_file: Path) -> Path:
    return inception_file


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    """Upright digits on blue, and others turned and on red: sizes that every protocol resizes differently."""
    root, digits = tmp_path_factory.mktemp("images"), open_dataset("digits:test")
    for name, first, turn, channel in (("samples", 0, 90, 0), ("reference", COUNT, 0, 2)):
        (root / name).mkdir()
        for i in range(COUNT):
            pixels = digits.item(first + i).pixels.transpose(1, 2, 0).copy()
            pixels[..., channel] = 255 - pixels[..., channel] // 2
            image = Image.fromarray(pixels).resize((40, 56), Image.Resampling.BICUBIC).rotate(turn)
            image.save(root / name / f"{i:03}.png")
    return str(root / "samples"), str(root / "reference")


def our_report(folders: Folders, weights: Path, protocol: str, metrics: str = "fid") -> Report:
    return ganeval.evaluate(*folders, Settings(metrics, "inception", protocol, weights))


def our_features(folders: Folders, weights: Path, protocol: str) -> torch.Tensor:
    settings = Settings(extractor="inception", weights=weights, protocol=protocol, metrics="fid")
    features = Scorer(folders[0], settings).reference.feature_set.features
    assert features is not None
    assert features.std(0).mean() > 0.01 * features.abs().mean()  # random weights test nothing unless features vary
    return features


def assert_close(ours: torch.Tensor, theirs: torch.Tensor) -> None:
    """To 1e-4 of the features' own scale: float32 networks whose layers add up in different orders."""
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-4 * float(theirs.abs().mean()))


@pytest.fixture
def pytorch_fid_network(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """pytorch-fid loads our weights where it would download its own."""
    state = torch.load(weights, weights_only=True)
    monkeypatch.setattr(pytorch_fid.inception, "load_state_dict_from_url", lambda *_, **__: state)


@pytest.mark.slow
def test_tf1_is_torch_fidelity(folders: Folders, weights: Path) -> None:
    theirs = torch_fidelity.calculate_metrics(
        input1=folders[0],
        input2=folders[1],
        cuda=False,
        isc=True,
        fid=True,
        kid=True,
        prc=True,
        kid_subset_size=COUNT,
        feature_extractor="inception-v3-compat",
        feature_extractor_weights_path=str(weights),
        cache=False,
        save_cpu_ram=True,
        verbose=False,
    )
    ours = our_report(folders, weights, "tf1", "fid,is,kid,pr").scores
    assert theirs["inception_score_mean"] > 1.1
    assert theirs["frechet_inception_distance"] > 0.1
    assert ours["fid"].value == pytest.approx(theirs["frechet_inception_distance"], rel=1e-4)
    assert ours["inception_score"].value == pytest.approx(theirs["inception_score_mean"], rel=1e-4)
    assert ours["inception_score"].std == pytest.approx(theirs["inception_score_std"], rel=1e-4)
    assert ours["kid"].value == pytest.approx(theirs["kernel_inception_distance_mean"], rel=1e-4)
    assert ours["precision"].value == pytest.approx(theirs["precision"], abs=1e-6)  # theirs is a float32 mean
    assert ours["recall"].value == pytest.approx(theirs["recall"], abs=1e-6)


@pytest.mark.slow
@pytest.mark.usefixtures("pytorch_fid_network")
def test_pytorch_fid_is_pytorch_fid(folders: Folders, weights: Path) -> None:
    network = pytorch_fid.inception.InceptionV3([3])
    files = sorted(Path(folders[0]).iterdir())
    theirs = pytorch_fid.fid_score.get_activations(files, network, batch_size=8, num_workers=0)
    assert_close(our_features(folders, weights, "pytorch-fid"), torch.from_numpy(theirs).float())
    fid = pytorch_fid.fid_score.calculate_fid_given_paths(list(folders), 8, "cpu", 2048, num_workers=0)
    assert our_report(folders, weights, "pytorch-fid").scores["fid"].value == pytest.approx(fid, rel=1e-3)


@pytest.mark.slow
@pytest.mark.usefixtures("pytorch_fid_network")
def test_clean_is_clean_fid(folders: Folders, weights: Path) -> None:
    """clean-fid's own loader, resize and distance; pytorch-fid's network stands in for its own, which is a download."""
    network = pytorch_fid.inception.InceptionV3([3], resize_input=False, normalize_input=False).eval()

    def clean_network(batch: torch.Tensor) -> torch.Tensor:
        return network((batch - 128) / 128)[0].flatten(1)

    options = {"num_workers": 0, "device": torch.device("cpu"), "mode": "clean", "verbose": False}
    theirs = cleanfid.fid.get_folder_features(folders[0], clean_network, **options)
    assert_close(our_features(folders, weights, "clean"), torch.from_numpy(np.asarray(theirs)))
    with contextlib.redirect_stdout(io.StringIO()):
        fid = cleanfid.fid.compute_fid(*folders, custom_feat_extractor=clean_network, use_dataparallel=False, **options)
    assert our_report(folders, weights, "clean").scores["fid"].value == pytest.approx(fid, rel=1e-3)


@pytest.mark.slow
def test_the_protocols_differ(folders: Folders, weights: Path) -> None:
    values = [our_report(folders, weights, name).scores["fid"].value for name in ("tf1", "clean", "pytorch-fid")]
    assert len({round(value, 3) for value in values}) == 3
