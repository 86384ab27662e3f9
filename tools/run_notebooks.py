"""Run notebooks in order, one line of progress each; executed copies go to build/notebooks/.

In a copy that ran through, a solution is a text that opens at a click: JupyterLab alone folds cells, and this stays
folded on a page that nbconvert makes of the copy.

Usage: python tools/run_notebooks.py [--strict] NOTEBOOK...

Each notebook runs in a fresh kernel of the Python that runs this script (whatever kernels the user has
installed), in its own folder. With ``--strict`` a warning in a cell is an error.
"""

import argparse
import sys
import time
from pathlib import Path

import nbformat
import zmq
from ipykernel.kernelspec import get_kernel_dict
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

OUT = Path("build/notebooks")
# Set inside the running kernel and not through PYTHONWARNINGS, so that Jupyter's own start is left alone; the
# second line exempts what Jupyter does between cells.
STRICT = """
import warnings; warnings.simplefilter("error")
for name in ("IPython", "ipykernel", "jupyter_client", "tornado", "traitlets", "zmq"):
    warnings.filterwarnings("default", module=name.replace(".", "[.]"))
""".strip()


def kernel_manager(strict):
    """Return a kernel manager class that always starts this very Python."""
    arguments = ["--HistoryManager.enabled=False", "--InteractiveShell.colors=NoColor"]
    if strict:
        arguments.append(f"--IPKernelApp.exec_lines={STRICT}")

    class ThisPython(AsyncKernelManager):
        kernel_spec = KernelSpec(**get_kernel_dict(arguments))
        transport_encryption = "auto" if zmq.has("curve") else "disabled"  # without it new kernels complain

    return ThisPython


def folded(cell):
    """Return a cell with a solution as a text that opens at a click: its code, and what that showed."""
    shown = [output.get("data", {}) for output in cell.outputs]
    said = [data.get("text/markdown") or data.get("text/html") or data.get("text/plain", "") for data in shown]
    parts = ["<details>\n<summary>Solution</summary>", f"```python\n{cell.source}\n```", *said, "</details>"]
    return nbformat.v4.new_markdown_cell("\n\n".join(parts), id=cell.id, metadata={"tags": cell.metadata.tags})


def run(path, strict):
    """Execute one notebook and write the executed copy, complete or up to the cell that failed."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=900,
        shutdown_kernel="immediate",  # a polite shutdown takes up to three seconds now and then
        kernel_manager_class=kernel_manager(strict),
        resources={"metadata": {"path": str(path.parent)}},
    )
    try:
        client.execute()
        notebook.cells = [folded(c) if "solution" in c.metadata.get("tags", ()) else c for c in notebook.cells]
    except BaseException as error:
        # nbclient takes Ctrl-C for itself, ends the kernel and stumbles over that
        if hasattr(client, "_async_cleanup_kernel_future"):
            raise KeyboardInterrupt from error
        raise
    finally:
        OUT.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, OUT / path.name)


def main():
    """Run every notebook named on the command line; stop at the first that fails."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("notebooks", nargs="+", type=Path)
    parser.add_argument("--strict", action="store_true", help="a warning in a cell is an error")
    options = parser.parse_args()
    total = len(options.notebooks)
    for i, path in enumerate(options.notebooks, start=1):
        print(f"[{i}/{total}] {path.stem} … ", end="", flush=True)
        start = time.perf_counter()
        try:
            run(path, options.strict)
        except CellExecutionError as error:
            print(f"failed\n{error}")
            return f"{path} failed; the copy up to the failing cell is {OUT / path.name}"
        print(f"{time.perf_counter() - start:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
