"""``oms ksef-standin``: a KSeF in memory, to rehearse sending invoices without sending any."""

from __future__ import annotations

import click


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=8002, show_default=True)
def ksef_standin(port: int) -> None:
    """Run a KSeF that does not exist, for the environment "rehearsal" of Settings, KSeF.

    It forgets everything when it stops. Its page has a switch that breaks it down.
    """
    from waitress import create_server

    from oms_web.adapters.ksef_standin.server import StandIn

    server = create_server(StandIn(), host="127.0.0.1", port=port)
    click.echo(f"the stand-in answers at http://127.0.0.1:{port}/v2; any token is good")
    server.run()
