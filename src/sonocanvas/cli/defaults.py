"""Commands whose help shows the defaults set in `config.py`."""

from typing import Any

from typer.core import TyperCommand, TyperOption


class WithDefaults(TyperCommand):
    """A command that looks up the defaults of its options when it prints its help."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Writes the help, with the default of each option of a run."""
        known = defaults_of_a_run()
        for option in self.params:
            default = known.get(str(option.name)) if option.default is None else None
            if default is None or not isinstance(option, TyperOption):
                continue
            if "[default: " not in (option.help or ""):
                option.help = f"{option.help or ''}  [default: {default}]"
        super().format_help(ctx, formatter)


def defaults_of_a_run() -> dict[str, str]:
    """Returns the defaults of a run with `mini`, by option name.

    It imports nothing heavy.
    """
    from sonocanvas.config import RunConfig, vocoder_of
    from sonocanvas.scene.layers import STRENGTH
    from sonocanvas.settings import Sampling

    run = {name: field.default for name, field in RunConfig.model_fields.items()}
    seeds = run["seeds"]
    return {
        "strength": f"{STRENGTH:g}",
        "duration": "the pair's own",
        "seeds": f"{seeds[0]}-{seeds[-1]}",
        "steps": str(Sampling.model_fields["steps"].default),
        "pair": run["pair"],
        "method": run["method"].name,
        "search": run["search"].name or "none",
        "rule": run["rule"].name,
        "vocoder": f"the pair's own, {vocoder_of(run['pair'])} for {run['pair']}",
        "colour": run["colour"].name or "none",
        "keep": "no ranking" if not run["keep"] else str(run["keep"]),
    }
