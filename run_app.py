#!/usr/bin/env python3
"""SteReFo: the window without arguments, or one of the commands that `run_app.py --help` lists."""

import os
import sys

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch: its spinning barriers stall a busy small machine
os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", "3")  # before cv2: seconds until a silent camera is let go

from app.commands import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
