"""Trackers whose weights the user supplies, on networks made by hand that look for a colour."""

import json

import numpy as np
import pytest

from app.commands import main
from sterefo_core.errors import TrackerError
from sterefo_core.types import Box, TrackState
from tests.core.kitti_folders import make_odometry, write
from trackers import make_tracker

SIDE = 40


def picture(x):
    noise = np.random.default_rng(0).integers(100, 120, (160, 320, 3)).astype(np.uint8)
    noise[60 : 60 + SIDE, x : x + SIDE] = (20, 60, 230)
    return noise


def save(path, nodes, inputs, outputs, constants):
    onnx = pytest.importorskip("onnx")
    ins, outs = (
        [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape) for name, shape in values.items()]
        for values in (inputs, outputs)
    )
    known = [onnx.numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    made = [onnx.helper.make_node(kind, taken.split(), [given], **options) for kind, taken, given, options in nodes]
    graph = onnx.helper.make_graph(made, "colour", ins, outs, known)
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 13)])
    model.ir_version = 8
    onnx.save(model, path)
    return path


def likeness(template, seen):
    """Nodes that give `near`: how near every place of `seen` is to the colour in the middle of `template`."""
    return [
        ("Slice", f"{template} from to axes", "middle", {}),
        ("GlobalAveragePool", "middle", "colour", {}),
        ("Sub", f"{seen} colour", "apart", {}),
        ("Mul", "apart apart", "square", {}),
        ("ReduceMean", "square", "far", {"axes": [1], "keepdims": 1}),
        ("Neg", "far", "near", {}),
    ]


def pooled(taken, given, side, step, pads):
    return "AveragePool", taken, given, {"kernel_shape": [side] * 2, "strides": [step] * 2, "pads": pads}


def middle(start, stop):
    return {"from": np.array([start] * 2), "to": np.array([stop] * 2), "axes": np.array([2, 3])}


def grid(channels, value):
    return np.full((1, channels, 16, 16), value, np.float32)


@pytest.fixture(scope="module")
def vit(tmp_path_factory):
    nodes = [
        pooled("search", "seen", 64, 16, [24] * 4),
        *likeness("template", "seen"),
        ("Exp", "near", "output1", {}),
        ("Identity", "sizes", "output2", {}),
        ("Identity", "offsets", "output3", {}),
    ]
    sizes = {"template": [1, 3, 128, 128], "search": [1, 3, 256, 256]}
    outputs = {"output1": [1, 1, 16, 16], "output2": [1, 2, 16, 16], "output3": [1, 2, 16, 16]}
    constants = {"sizes": grid(2, 0.25), "offsets": grid(2, 0.5), **middle(48, 80)}
    return save(tmp_path_factory.mktemp("vit") / "vit.onnx", nodes, sizes, outputs, constants)


@pytest.fixture(scope="module")
def nano(tmp_path_factory):
    folder = tmp_path_factory.mktemp("nano")
    pool = [pooled("input", "output", 16, 16, [0, 0, 1, 1])]
    backbone = save(folder / "b.onnx", pool, {"input": [1, 3, "s", "s"]}, {"output": [1, 3, "t", "t"]}, {})
    nodes = [
        pooled("input2", "seen", 3, 1, [2, 2, 0, 0]),
        *likeness("input1", "seen"),
        ("Mul", "near gain", "sure", {}),
        ("Concat", "zero sure", "output1", {"axis": 1}),
        ("Identity", "sides", "output2", {}),
    ]
    constants = {"sides": grid(4, 32), "zero": grid(1, 0), "gain": np.float32(0.002), **middle(3, 5)}
    features = {"input1": [1, 3, 8, 8], "input2": [1, 3, 16, 16]}
    outputs = {"output1": [1, 2, 16, 16], "output2": [1, 4, 16, 16]}
    return backbone, save(folder / "h.onnx", nodes, features, outputs, constants)


@pytest.fixture(params=["vit", "nano"])
def name(request):
    if request.param == "vit":
        return f"vit:{request.getfixturevalue('vit')}"
    return "nano:{},{}".format(*request.getfixturevalue("nano"))


def test_a_network_follows_what_it_was_started_on(name):
    tracker = make_tracker(name)
    assert tracker.start(picture(100), Box(100, 60, SIDE, SIDE)).state is TrackState.TRACKING
    tracks = [tracker.update(picture(100 + 4 * i)) for i in range(15)]
    assert tracks[-1].state is TrackState.TRACKING
    assert tracks[-1].box.overlap(Box(156, 60, SIDE, SIDE)) > 0.5


def test_a_network_can_be_started_again(name):
    tracker, box = make_tracker(name), Box(100, 60, SIDE, SIDE)
    runs = []
    for _ in range(2):
        tracker.start(picture(100), box)
        runs.append([tracker.update(picture(100 + 4 * i)) for i in range(4)])
    assert runs[0] == runs[1]


def test_files_that_are_missing_too_few_or_another_network_are_said_in_one_line(vit, nano, tmp_path):
    text = tmp_path / "text.onnx"
    text.write_text("hello")
    backbone, head = nano
    wrong = {
        "vit": "needs its weights: vit:FILE.onnx",
        "vit:": "needs its weights: vit:FILE.onnx",
        "vit:absent.onnx": "no file 'absent.onnx'",
        f"vit:{text}": "no ONNX network of the tracker vit",
        f"vit:{backbone}": "no ONNX network of the tracker vit",
        f"nano:{backbone}": "needs its weights: nano:BACKBONE.onnx,HEAD.onnx",
        f"nano:{head},{backbone}": "no ONNX network of the tracker nano",
        f"nano:{vit},{vit}": "no ONNX network of the tracker nano",
    }
    for name, said in wrong.items():
        with pytest.raises(TrackerError) as told:
            make_tracker(name)
        assert said in str(told.value) and "\n" not in str(told.value)


def last_box(log):
    return json.loads(log.read_text().splitlines()[-1])["box"]


def test_export_takes_the_tracker_that_is_asked_for_and_its_project_keeps_it(vit, tmp_path):
    sequence = make_odometry(tmp_path, frames=3)
    for number in range(3):
        for camera, shift in (("image_2", 0), ("image_3", 6)):
            write(sequence / camera / f"{number:06d}.png", picture(100 + 4 * number - shift))
    project, log = tmp_path / "p.sterefo.json", tmp_path / "log.jsonl"
    how = ["--codec", "png", "--log", str(log), "-o"]
    boxes = []
    for tracker in ("medianflow", f"vit:{vit}"):
        asked = ["--track", "0:100,60,40,40", "--tracker", tracker, "--save-project", str(project)]
        assert main(["export", str(sequence), *asked, *how, str(tmp_path / tracker[:3])]) == 0
        boxes.append(last_box(log))
    assert boxes[0] != boxes[1]
    assert main(["export", str(project), *how, str(tmp_path / "again")]) == 0
    assert last_box(log) == boxes[1]


def test_a_tracker_that_is_none_is_refused_before_anything_is_written(tmp_path, capsys):
    with pytest.raises(SystemExit):
        main(["export", "demo", "-o", str(tmp_path / "x.mp4"), "--tracker", "vit:absent.onnx"])
    assert "no file 'absent.onnx'" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
