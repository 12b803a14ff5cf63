"""Four processes, each waited for, and their answers in order."""
import os

ends = []
for number in range(4):
    read, write = os.pipe()
    if os.fork() == 0:
        os.write(write, str(number * number).encode())
        os._exit(0)
    os.close(write)
    ends.append(read)
for read in ends:
    answer = b""
    while piece := os.read(read, 16):
        answer += piece
    os.close(read)
    print(answer.decode())
for _ in ends:
    os.wait()
