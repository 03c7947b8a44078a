"""Stereo calibration and rectification: rigs, boards, sessions with a person, files of other programs."""
