"""What Python does with children: pipes, threads, signals, a pool, an event loop."""
import asyncio
import multiprocessing
import queue
import signal
import subprocess
import threading


def square(number):
    return number * number


async def answer(number):
    script = f"echo {number}"
    child = await asyncio.create_subprocess_exec("sh", "-c", script, stdout=subprocess.PIPE)
    out, _ = await child.communicate()
    return out.decode().strip(), child.returncode


async def answers():
    return await asyncio.gather(*(answer(number) for number in range(3)))


def main():
    print(subprocess.run(["sort", "-r"], input=b"a\nb\n", stdout=subprocess.PIPE).stdout)
    one = subprocess.Popen(["echo", "hi"], stdout=subprocess.PIPE)
    two = subprocess.Popen(["tr", "a-z", "A-Z"], stdin=one.stdout, stdout=subprocess.PIPE)
    one.stdout.close()
    print(two.communicate()[0], one.wait())
    found = queue.Queue()
    threads = [threading.Thread(target=found.put, args=[n]) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(sorted(found.get() for _ in threads))
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
    signal.alarm(1)
    print(signal.sigwait([signal.SIGALRM]))
    with multiprocessing.get_context("fork").Pool(2) as pool:
        print(pool.map(square, range(4)))
        pool.close()
        pool.join()
    print(asyncio.run(answers()))


if __name__ == "__main__":
    main()
