"""Commands whose help tells the defaults that stand in `config.py`."""

from typing import Any

from typer.core import TyperCommand, TyperOption


class WithDefaults(TyperCommand):
    """A command that looks up the defaults of its options when its help is asked for."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Writes the help, with the default of each option that a run gives one."""
        known = defaults_of_a_run()
        for option in self.params:
            default = known.get(str(option.name)) if option.default is None else None
            if default is not None and isinstance(option, TyperOption):
                told = f"  [default: {default}]"
                option.help = (option.help or "").removesuffix(told) + told
        super().format_help(ctx, formatter)


def defaults_of_a_run() -> dict[str, str]:
    """Returns what a run of `mini` is where nothing is said, by the names of options.

    Nothing heavy is imported for it.
    """
    from sonocanvas.config import RunConfig, vocoder_of
    from sonocanvas.scene.layers import STRENGTH
    from sonocanvas.settings import Sampling

    run = {name: field.default for name, field in RunConfig.model_fields.items()}
    seeds = run["seeds"]
    return {
        "strength": f"{STRENGTH:g}",
        "duration": "that of the pair",
        "seeds": f"{seeds[0]}-{seeds[-1]}",
        "steps": str(Sampling.model_fields["steps"].default),
        "pair": run["pair"],
        "method": run["method"].name,
        "search": run["search"].name or "none",
        "rule": run["rule"].name,
        "vocoder": f"that of the pair, {vocoder_of(run['pair'])} for {run['pair']}",
        "colour": run["colour"].name or "none",
        "keep": "no ranking" if not run["keep"] else str(run["keep"]),
    }
