"""The reference executor: performs one backup run inside a guest, by every rule of the contract.

Standard library only, Python 3.9 or newer; it imports the contract and nothing else of the
project, because both travel into guests as one file (`package.build_zipapp`).

A run is a small family of processes, so that no single death leaves anything behind:

- the *main* process (main.py), the one that was started, holds the lock, prints and waits;
- the *worker* (run.py) does the run; where the main process dies it thaws, ends what was running
  and runs the post-script; where the worker dies the main process does;
- a *warden* (warden.py) for each command is the root of everything that the command starts;
- the *freezer* (freezer.py) holds the descriptors of the frozen filesystems and thaws when told,
  when the worker dies, or when the bound passes.
"""

__version__ = "0.1.0"
