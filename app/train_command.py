"""`run_app.py train`, `adapt` and `export-onnx`: from a recipe, or from footage, to weights, and to other programs."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from app import arguments
from app.export_command import PROGRESS
from sterefo_core.part_file import writing

if TYPE_CHECKING:
    from sterefo_core.learning.config import TrainingConfig
    from sterefo_core.learning.validation import Validation

STEPS_TO_ADAPT = 400
CROP = (256, 512)
"""Rows and columns that adapting looks at at a time."""


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add `train`, `adapt` and `export-onnx` to the command line."""
    train = commands.add_parser(
        "train",
        help="train a stereo network, alone or together with refocusing",
        description="Train as a recipe says; a run that was cut off goes on where it was. On several GPUs or machines: "
        "torchrun --nproc-per-node N run_app.py train RECIPE -o FOLDER. Curves: tensorboard --logdir FOLDER. Use the "
        "weights that lie in the folder in the end as --depth net=FILE.",
        epilog="Example: run_app.py train configs/stereo.toml -o runs/stereo",
    )
    train.add_argument("recipe", type=Path, help="a TOML file; configs/ has those of the shipped weights")
    train.add_argument("-o", "--output", type=Path, required=True, help="folder of checkpoints, curves and weights")
    arguments.add_device(train)
    train.set_defaults(run=run_train)
    adapt = commands.add_parser(
        "adapt",
        help="fit the stereo network to your own footage",
        description="Fit the network to footage without any truth: it learns from what semi-global matching is sure of "
        "in both eyes. Use the result as --depth net=FILE.",
        epilog="Example: run_app.py adapt drive.mp4 -o drive.safetensors, then export drive.mp4 --depth "
        "net=drive.safetensors",
    )
    adapt.add_argument(
        "address", help="a data folder, a stereo video, or LEFT,RIGHT; all of its frames are learned from"
    )
    adapt.add_argument("-o", "--output", type=Path, required=True, help="weights to write")
    adapt.add_argument(
        "--steps", type=arguments.count, default=STEPS_TO_ADAPT, metavar="N", help="of training (default: %(default)s)"
    )
    arguments.add_device(adapt)
    adapt.set_defaults(run=run_adapt)
    onnx = commands.add_parser(
        "export-onnx",
        help="write the stereo network for other programs",
        description="Write the network as ONNX for pictures of one size: left and right, (1, 3, H, W) on any scale.",
    )
    onnx.add_argument("-o", "--output", type=Path, required=True, metavar="FILE.onnx", help="file to write")
    arguments.add_size(onnx)
    onnx.add_argument("--weights", type=Path, metavar="FILE", help="of train or adapt (default: those that ship)")
    onnx.set_defaults(run=run_export_onnx)


def run_train(given: argparse.Namespace) -> int:
    """Train, or go on training, to the recipe's last step; the weights lie in the folder then."""
    from sterefo_core.learning.config import TrainingConfig

    train(TrainingConfig.from_file(given.recipe), given.output, given.output / "stereo.safetensors", given.device)
    return 0


def run_adapt(given: argparse.Namespace) -> int:
    """Fit the shipped weights to an address."""
    from sterefo_core.depth import WEIGHTS
    from sterefo_core.learning.config import TrainingConfig

    config = TrainingConfig(
        data=(given.address,), validation=(), labels="matched", start=str(WEIGHTS), frozen_norm=True,
        steps=given.steps, batch=2, learning_rate=1e-4, warmup=20, decay=given.steps // 2, average=0.98,
        save_every=given.steps, workers=0, height=CROP[0], width=CROP[1],
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        train(config, Path(folder), given.output, given.device)
    return 0


def run_export_onnx(given: argparse.Namespace) -> int:
    """Write the ONNX file; prints where."""
    from sterefo_core.depth import WEIGHTS
    from sterefo_core.depth.onnx import export_onnx

    width, height = given.size
    export_onnx(given.output, width, height, given.weights or WEIGHTS)
    print(given.output)
    return 0


def train(config: TrainingConfig, folder: Path, weights: Path, device: str) -> None:
    """Train in a folder with a live line of progress, and say where the weights lie."""
    from sterefo_core.learning.processes import is_first, joined
    from sterefo_core.learning.training import Training

    with joined(device) as place:
        training = Training(config, folder, place)
        if not is_first():
            training.run()
            return
        for target in (folder, weights.parent):
            with writing(target):
                target.mkdir(parents=True, exist_ok=True)
        with _Progress(training.step, config.steps, folder) as progress:
            training.run(progress.step, progress.validation if config.validation else None)
        training.save_weights(weights)
        print(f"{weights}: {training.step} steps")
        if training.refocuses:
            whole = weights.with_name("architecture.safetensors")
            training.save_weights(whole, whole=True)
            print(f"{whole}: the same with what refocuses")


class _Progress:
    """A line on the terminal, and curves and pictures where TensorBoard is installed."""

    def __init__(self, done: int, steps: int, folder: Path) -> None:
        self._bar = tqdm(initial=done, total=steps, **PROGRESS | {"desc": "train", "unit": "step"})
        self._curves = _curves(folder, done)

    def __enter__(self) -> _Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()
        if self._curves:
            self._curves.close()

    def step(self, step: int, figures: dict[str, float]) -> None:
        """One step more."""
        self._bar.set_postfix({name: f"{value:.3g}" for name, value in figures.items()}, refresh=False)
        self._bar.update()
        if self._curves:
            for name, value in figures.items():
                self._curves.add_scalar(f"train/{name}", value, step)

    def validation(self, step: int, found: Validation) -> None:
        """Figures of a validation, printed so that they stay."""
        self._bar.write(f"step {step}: " + ", ".join(f"{name} {value:.2f}" for name, value in found.figures.items()))
        if self._curves:
            for name, value in found.figures.items():
                self._curves.add_scalar(f"validation/{name}", value, step)
            for index, picture in enumerate(found.pictures):
                self._curves.add_image(f"left, disparity, truth/{index}", picture, step, dataformats="HWC")


def _curves(folder: Path, done: int) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        print("note: no curves are drawn: pip install -r requirements-extra.txt")
        return None
    return SummaryWriter(str(folder), purge_step=done + 1)  # steps after the checkpoint are taken again
