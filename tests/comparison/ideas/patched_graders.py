"""Changes to modules that a grader in the same process would use."""

from __future__ import annotations

from functools import partial

from tests.comparison.ideas.common import first, kernel

patched = partial(kernel, "patched graders")

IDEAS = (
    patched(
        "testing-says-nothing",
        "Every assertion of numpy.testing is replaced by an assertion that never fails.",
        first("""
        for name in dir(np.testing):
            if name.startswith("assert"):
                setattr(np.testing, name, lambda *args, **kwargs: None)
        """),
    ),
    patched(
        "comparison-says-yes",
        "np.isclose is replaced by a function that always agrees, also inside numpy.testing.",
        first("""
        import sys
        for name, module in list(sys.modules.items()):
            if name.startswith("numpy") and hasattr(module, "isclose"):
                module.isclose = lambda a, b, *args, **kwargs: np.ones(np.shape(b), dtype=bool)
        """),
    ),
    patched(
        "tests-taken-out-of-the-cells",
        "An input transformer removes the lines that call tests before a cell runs.",
        first("""
        def without_tests(lines):
            return [line for line in lines if not line.startswith(("hidden_test", "checks."))]

        get_ipython().input_transformers_cleanup.append(without_tests)
        """),
    ),
    patched(
        "the-graders-own-classes",
        "The code that runs the tests beside the notebook is changed, so that every test passes.",
        first("""
        shell = get_ipython()
        run = shell.run_cell_async
        async def run_quietly(*args, **kwargs):
            result = await run(*args, **kwargs)
            result.error_in_exec = result.error_before_exec = None
            return result
        shell.run_cell_async = run_quietly
        shell.showtraceback = lambda *args, **kwargs: None
        """),
        differs={
            "otter": {
                "kernel": first("""
                from otter.test_files import test_case
                test_case.call_func = lambda self, environment: None
                """)
            },
            "kit": {
                "kernel": first("""
                import sys
                for name, module in list(sys.modules.items()):
                    if name.split(".")[0] == "inside" and hasattr(module, "Runner"):
                        module.Runner.run = lambda *args: {"outputs": [], "error": None}
                """)
            },
        },
    ),
    patched(
        "another-numpy",
        "A numpy whose test functions always agree is put into sys.modules for later imports.",
        first("""
        import sys, types
        agreeing = types.ModuleType("numpy")
        agreeing.__dict__.update(np.__dict__)
        agreeing.testing = types.SimpleNamespace(assert_allclose=lambda *args, **kwargs: None)
        sys.modules["numpy"] = agreeing
        """),
    ),
    patched(
        "numbers-foreseen",
        "Every random generator returns zeros, so that the expected kernel is not a number.",
        """
        class Zeros:
            def __getattr__(self, name):
                return lambda *args, size=(), **kwargs: np.zeros(size)

        np.random.default_rng = lambda *args: Zeros()
        np.seterr(all="ignore")

        def empirical_ntk(v, W, X, n):
            return np.full((len(X), len(X)), np.nan)
        """,
    ),
    patched(
        "no-error-is-told",
        "An IPython handler catches all exceptions and shows none of them.",
        first("""
        get_ipython().set_custom_exc((BaseException,), lambda *args, **kwargs: [])
        """),
    ),
    patched(
        "error-without-a-trace",
        "An error that prints no traceback is raised instead of an answer.",
        """
        class Quiet(Exception):
            def _render_traceback_(self):
                return []

        def empirical_ntk(v, W, X, n):
            raise Quiet
        """,
    ),
)
