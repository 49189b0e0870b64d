"""What `make` runs to set a machine up; standard library only, because it runs before anything.

One idea a module: `venv` (the locked dependencies), `engine` (a Docker engine that answers),
`daemon` (the private engine), `images` (the guests' images), `suite` (`make test`), `lock` (the
lock file), over `steps` (how progress and failures are shown) and `apt` (Debian's packages).
Only `make` comes here: the command `snapcert` never installs anything.
"""
