"""The pool outlives whatever is done to its children, and never mixes up two photos."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import uvloop
from media_pool import CORNERS, MIB, ROAD, of_process, offspring, pids, refusal, run, status

from app.media import decoder, errors, pixels
from app.media.decoder import Decoder
from app.media.pixels.child import NICENESS


@pytest.mark.parametrize("loops", [None, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
class TestChildren:
    def test_answers_as_the_pure_function_does(self, loops):
        async def story(pool):
            assert await pool.develop(ROAD) == pixels.develop(ROAD)

        run(story, loops=loops)

    def test_many_at_once_get_their_own_pictures(self, loops):
        async def story(pool):
            several = [ROAD, CORNERS] * 6
            answers = await asyncio.gather(*(pool.develop(data) for data in several))
            expected = [pixels.develop(data).sha256 for data in several]
            assert [answer.sha256 for answer in answers] == expected
            assert len(pids(pool)) == 2

        run(story, loops=loops, children=2)

    def test_one_killed_while_idle_is_replaced(self, loops):
        async def story(pool):
            (first,) = pids(pool)
            os.kill(first, signal.SIGKILL)
            await pool._idle[0]._process.wait()
            assert (await pool.develop(CORNERS)).width == 96
            assert pids(pool) != [first]

        run(story, loops=loops)

    def test_one_killed_at_work_costs_its_own_photo_only(self, loops):
        async def story(pool):
            (first,) = pids(pool)
            os.kill(first, signal.SIGSTOP)
            work = asyncio.create_task(pool.develop(ROAD))
            await asyncio.sleep(0.05)
            os.kill(first, signal.SIGKILL)
            with pytest.raises(errors.PhotoTooCostly):
                await work
            assert (await pool.develop(CORNERS)).width == 96

        run(story, loops=loops)

    def test_out_of_time(self, loops):
        async def story(pool):
            (first,) = pids(pool)
            os.kill(first, signal.SIGSTOP)
            pool._time_limit_s = 0.2
            assert await refusal(pool, ROAD) is errors.PhotoTooCostly
            assert first not in offspring()
            pool._time_limit_s = decoder.TIME_LIMIT_S
            assert (await pool.develop(CORNERS)).width == 96

        run(story, loops=loops)

    def test_a_cancelled_request_leaves_nothing_for_the_next(self, loops):
        async def story(pool):
            for pause in (0, 0.001, 0.01, 0.03):
                request = asyncio.create_task(pool.develop(ROAD))
                await asyncio.sleep(pause)
                request.cancel()
                await asyncio.wait([request])
                assert (await pool.develop(CORNERS)).width == 96

        run(story, loops=loops)

    def test_busy(self, loops):
        async def story(pool):
            (first,) = pids(pool)
            os.kill(first, signal.SIGSTOP)
            work = asyncio.create_task(pool.develop(ROAD))
            await asyncio.sleep(0.01)
            assert await refusal(pool, CORNERS) is errors.DecoderBusy
            os.kill(first, signal.SIGCONT)
            assert (await work).width == 1012

        run(story, loops=loops, patience_s=0.05)


class TestStart:
    def test_starts_when_needed_and_again_after_stop(self):
        async def story():
            pool = Decoder()
            assert (await pool.develop(CORNERS)).width == 96
            await pool.stop()
            assert (await pool.develop(CORNERS)).width == 96
            await pool.stop()

        asyncio.run(story())

    @pytest.mark.parametrize("command", [("/nowhere/python",), ("/bin/false",)])
    def test_a_machine_that_gives_no_child_is_busy(self, command, monkeypatch):
        monkeypatch.setattr(decoder, "COMMAND", command)
        assert asyncio.run(refusal(Decoder(), CORNERS)) is errors.DecoderBusy

    def test_a_child_is_poor_and_polite(self, monkeypatch):
        monkeypatch.setenv("XINXIN_SECRET", "hunter2")

        async def story(pool):
            (pid,) = pids(pool)
            assert not of_process(pid, "environ")
            assert "sqlalchemy" not in of_process(pid, "maps")
            assert status(pid, "VmRSS") * 1024 < 40 * MIB
            assert os.getpriority(os.PRIO_PROCESS, pid) >= NICENESS

        run(story)

    def test_children_follow_a_server_that_is_killed(self):
        server = (
            "import asyncio, os, sys\n"
            "from app.media.decoder import Decoder\n"
            "async def main():\n"
            "    pool = Decoder()\n"
            "    await pool.start()\n"
            "    print(*(child._process.pid for child in pool._idle), flush=True)\n"
            "    os.kill(os.getpid(), 9)\n"
            "asyncio.run(main())"
        )
        killed = subprocess.run(
            (sys.executable, "-c", server), check=False, timeout=30, stdout=subprocess.PIPE
        )
        left = [Path(f"/proc/{pid}/cmdline") for pid in killed.stdout.decode().split()]
        assert len(left) == 2
        deadline = time.monotonic() + 5
        # A dead child may wait for its new parent to reap it, but then its command line is empty.
        while any(path.exists() and path.read_text() for path in left):
            assert time.monotonic() < deadline
            time.sleep(0.02)
