"""Machines: engine, host, guests, disks and snapshots; `agent` is what runs inside them."""
