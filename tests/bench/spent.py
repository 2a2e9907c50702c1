"""Run a command and print as JSON what it cost: wall-clock and processor seconds, peak memory in MB, and its exit code.

This is a process of its own, and a small one (`python -I -S`), because Linux counts into the peak memory of a child
what its parent held when it was started. The command's output goes nowhere.
"""

import json
import os
import sys
import time

silent = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
start = time.perf_counter()
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=silent)
_, status, usage = os.wait4(child, 0)
seconds = time.perf_counter() - start
worked = usage.ru_utime + usage.ru_stime
print(json.dumps([seconds, worked, usage.ru_maxrss / 1024, os.waitstatus_to_exitcode(status)]))
