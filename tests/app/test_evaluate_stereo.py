"""`evaluate stereo` from the command line."""

import json

from app.commands import main


def test_engines_are_compared_from_the_command_line(tmp_path, real_data, capsys):
    files = {kind: tmp_path / f"scores.{kind}" for kind in ("json", "csv", "html")}
    given = [part for kind, path in files.items() for part in (f"--{kind}", str(path))]
    data = str(real_data / "middlebury")
    assert main(["evaluate", "stereo", "--data", data, "--engines", "sgm,opencv-sgbm", *given]) == 0
    printed = capsys.readouterr().out
    rows = json.loads(files["json"].read_text())
    whole = {row["engine"]: row for row in rows if row["region"] == "all"}
    assert whole["sgm"]["d1_percent"] < whole["opencv-sgbm"]["d1_percent"] < 20
    assert f"{whole['sgm']['epe_px']:.3f}" in printed
    assert files["html"].read_text().count("<figure>") == 2 * 7
