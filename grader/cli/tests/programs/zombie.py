"""A child that Python forks and nobody waits for."""
import os

child = os.fork()
if child == 0:
    os._exit(0)
os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
