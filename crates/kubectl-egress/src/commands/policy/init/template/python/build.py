"""Makes dist/policy.wasm of policy.py. What it would import of WASI is stubbed: a policy has no clock, files or network."""

import subprocess
import sys
from pathlib import Path

# componentize-py lies beside the Python of the environment that it was installed into.
componentize = Path(sys.executable).with_name("componentize-py")
Path("dist").mkdir(exist_ok=True)
world = ["--wit-path", "wit", "--world", "hosts-policy"]
output = ["--stub-wasi", "policy", "--output", "dist/policy.wasm"]
sys.exit(subprocess.run([componentize, *world, "componentize", *output]).returncode)
