"""The stereo networks: parameters, arithmetic and time: `python -m benchmarks.network`.

Networks take turns on random pictures; CPU time with one thread, the least of the rounds. On CUDA, synchronised.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from time import perf_counter, process_time

import numpy as np
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from sterefo_core.depth import make_depth_engine
from sterefo_core.depth.learned import folded
from sterefo_core.learning.architectures import NETWORKS
from sterefo_core.types import StereoFrame


def millions(network: nn.Module) -> float:
    """Number of parameters in millions."""
    return sum(parameter.numel() for parameter in network.parameters()) / 1e6


def giga_macs(network: nn.Module, height: int, width: int) -> float:
    """Multiplications with addition of one pair, in thousand millions."""
    pair = torch.rand(2, 1, 3, height, width, device=next(network.parameters()).device)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(*pair)
    return counter.get_total_flops() / 2e9


def milliseconds(calls: dict[str, Callable[[], object]], rounds: int, cuda: bool) -> dict[str, float]:
    """The least time of each call over the rounds, after one to warm up."""
    now = perf_counter if cuda else process_time
    least = dict.fromkeys(calls, float("inf"))
    for turn in range(rounds + 1):
        for name, call in calls.items():
            began = now()
            call()
            if cuda:
                torch.cuda.synchronize()
            if turn:
                least[name] = min(least[name], 1000 * (now() - began))
    return least


def main() -> None:
    """Print a row for each network, then one for each depth engine."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--width", type=int, default=1248)
    parser.add_argument("--height", type=int, default=384)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(1)
    cuda = torch.cuda.is_available()
    device = torch.device("cuda" if cuda else "cpu")
    networks = {name: make().eval().to(device) for name, make in NETWORKS.items()}
    sizes = {name: (millions(net), giga_macs(net, options.height, options.width)) for name, net in networks.items()}
    pair = torch.rand(2, 1, 3, options.height, options.width, device=device)
    with torch.inference_mode():
        calls = {name: partial(folded(net), *pair) for name, net in networks.items()}
        times = milliseconds(calls, options.rounds, cuda)
    print(f"{options.width}x{options.height} on {device}\n{'network':12}  M parameters   GMAC      ms")
    for name, (parameters, macs) in sizes.items():
        print(f"{name:12}  {parameters:12.2f}  {macs:5.1f}  {times[name]:6.0f}")
    picture = np.random.default_rng(0).integers(0, 255, (options.height, options.width, 3), np.uint8)
    frame = StereoFrame(0, 0.0, picture, picture)
    engines = {name: make_depth_engine(name, device.type) for name in ("sgm", "sgm-full", "net", "net-half")}
    times = milliseconds(
        {n: (lambda e=engine: e.compute(frame)) for n, engine in engines.items()}, options.rounds, cuda
    )
    print(f"{'engine':12}      ms")
    for name, ms in times.items():
        print(f"{name:12}  {ms:6.0f}")


if __name__ == "__main__":
    main()
