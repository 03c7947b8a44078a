"""`evaluate stereo` from the command line."""

import json

import pytest

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


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--data", "absent"], "absent does not exist"),
        (["--data", "synthetic", "demo"], "demo has no true disparities to compare with"),
        (["--data", "synthetic", "--html", "absent/report.html"], "cannot write absent/report.html"),
        (["--data", "synthetic", "--engines", "none"], 'there is no depth engine "none"'),
        (["--data", "synthetic", "--pairs", "0"], "'0' is not a whole number above 0"),
    ],
)
def test_what_cannot_be_evaluated_is_said_in_one_line(given, said, capsys):
    try:
        code = main(["evaluate", "stereo", "--engines", "opencv-sgbm", *given])
    except SystemExit as left:
        code = left.code
    printed = capsys.readouterr()
    assert code != 0
    assert said in printed.err.splitlines()[-1]
    assert not printed.out  # it is said before minutes are spent on measuring


def test_at_most_so_many_pairs_are_evaluated(tmp_path, capsys):
    path = tmp_path / "scores.json"
    given = ["--data", "synthetic", "--engines", "opencv-sgbm", "--pairs", "2", "--json", str(path)]
    assert main(["evaluate", "stereo", *given]) == 0
    rows = json.loads(path.read_text())
    assert {row["region"] for row in rows} == {"all", "seen by both", "hidden", "near edges"}
    assert rows[0]["pixels"] == 2 * 384 * 768
