"""The live lane: real shops on this machine, and the real engine against them.

    python -m tests.live              all shops
    python -m tests.live medusa       one of them

Each shop is the vendor's own software from the npm registry, as its lock file names it. It is
installed once into a folder of its own outside the project (``$OMS_LIVE_CACHE``, else
``~/.cache/oms-live``), and begins each run with an empty database. Buyers order in the shop's own
store, the seller acts in the shop's own interface; here the app's clock rings, connectors run in
their processes, and what became of it all is read on both sides.

``machine``: programs and packages. ``shop``: what a shop must be able to do. ``ours``: the app.
``story``: what happens, the same for all shops. One module for each shop. Nothing of it is
collected by pytest; ``docs/connectors/live.md`` says more.
"""
