"""`evaluate speed` from the command line. How fast things are is measured by it, and claimed nowhere in the tests."""

import csv
import json

import pytest

from app.commands import main


def test_depth_refocusing_and_both_are_timed_for_every_engine(tmp_path, capsys):
    files = {kind: tmp_path / f"speed.{kind}" for kind in ("json", "csv", "html")}
    given = [part for kind, path in files.items() for part in (f"--{kind}", str(path))]
    chosen = ["--engines", "sgm,net", "--size", "96x64", "--rounds", "1", "--device", "cpu"]
    assert main(["evaluate", "speed", *chosen, *given]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in printed] == ["engine", "sgm", "net"]
    rows = {row["engine"]: row for row in json.loads(files["json"].read_text())}
    assert all(
        row["both_ms"] == pytest.approx(row["stereo_ms"] + row["refocus_ms"]) and row["stereo_ms"] > 0
        for row in rows.values()
    )
    assert rows["sgm"]["million_parameters"] is None
    assert rows["net"]["million_parameters"] == pytest.approx(0.863, abs=0.001)
    assert [row["engine"] for row in csv.DictReader(files["csv"].open())] == ["sgm", "net"]
    assert files["html"].read_text().count("<tr>") == 3


def test_arithmetic_grows_with_the_picture(tmp_path):
    found = []
    for size in ("128x64", "256x64"):
        path = tmp_path / f"{size}.json"
        arguments = ["--engines", "net", "--rounds", "1", "--device", "cpu", "--size", size, "--json", str(path)]
        assert main(["evaluate", "speed", *arguments]) == 0
        found.append(json.loads(path.read_text())[0]["giga_macs"])
    assert found[1] == pytest.approx(2 * found[0], rel=0.15)  # a little is for matching along rows


@pytest.mark.parametrize("engine", ["magic", "net-captured"])
def test_an_engine_that_is_not_to_be_had_is_one_line(engine, capsys):
    assert main(["evaluate", "speed", "--engines", engine, "--device", "cpu"]) == 1
    assert capsys.readouterr().err.count("\n") == 1
