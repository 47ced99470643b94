# SPDX-License-Identifier: GPL-2.0
"""50 asyncio clients against an asyncio server, one process: epoll over many sockets, and a host pipe."""
import asyncio

BODY = bytes(range(256)) * 400


async def serve(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


async def client(port, n):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(5):
        writer.write(BODY)
        assert await reader.readexactly(len(BODY)) == BODY
    writer.close()
    await writer.wait_closed()
    return n


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    process = await asyncio.create_subprocess_exec("cat", stdin=-1, stdout=-1)  # a host pipe beside them
    jobs = [client(port, n) for n in range(50)] + [process.communicate(b"host")]
    done = await asyncio.gather(*jobs)
    assert done[:50] == list(range(50)) and done[50][0] == b"host"
    await asyncio.sleep(0.01)
    server.close()


asyncio.run(asyncio.wait_for(main(), 50))
