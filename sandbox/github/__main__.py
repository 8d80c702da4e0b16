"""`python -m sandbox.github --dir DIR --client-id ID --client-secret-file FILE [--port N]`: serves until stopped."""

import argparse
import asyncio
import signal
from pathlib import Path

from aiohttp import web

from sandbox.github.admin import Admin
from sandbox.github.api import Api
from sandbox.github.oauth import OAuth
from sandbox.github.world import World

LOOPBACK = "127.0.0.1"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox.github", description=__doc__)
    parser.add_argument("--dir", type=Path, required=True, help="folder for the tokens")
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; a free one by default")
    parser.add_argument("--client-id", required=True, help="client id of the OAuth app")
    parser.add_argument("--client-secret-file", type=Path, required=True, help="file with its secret")
    return parser.parse_args()


async def serve(options: argparse.Namespace) -> None:
    options.dir.mkdir(parents=True, exist_ok=True)
    world = World(options.dir)
    api = Api(world)
    application = web.Application(middlewares=[api.guard])
    application.add_routes(OAuth(world, options.client_id, options.client_secret_file.read_text().strip()).routes())
    application.add_routes(Admin(world, options.dir).routes())
    application.add_routes(api.routes())
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    site = web.TCPSite(runner, LOOPBACK, options.port)
    await site.start()
    port = runner.addresses[0][1]
    print(f"ready http://{LOOPBACK}:{port}", flush=True)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(serve(arguments()))
