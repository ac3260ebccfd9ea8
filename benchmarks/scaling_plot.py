"""The curves of scaling.py in one figure."""

TITLES = {
    "candidates": "number of candidates",
    "width": "units of the hidden layer",
    "rows": "number of rows",
}


def draw(report, file):
    """Draw seconds and the share of the matrix-product rate.

    Parameters
    ----------
    report : dict
        What scaling.py writes as JSON.
    file : Path
        Of the picture.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 8), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(2, 2).flat
    for ax, (varied, title) in zip(axes, TITLES.items(), strict=False):
        _draw_seconds(ax, report["results"], varied)
        ax.set(xlabel=title, ylabel="seconds", xscale="log", yscale="log")
        _mark_crossovers(ax, report["crossovers"][varied])
        ax.legend(fontsize="small", loc="lower right")
    _draw_shares(axes[3], report)
    figure.savefig(file, dpi=100)


def _draw_seconds(ax, results, varied):
    networks = dict.fromkeys(r["network"] for r in results if r["varied"] == varied)
    if varied == "width":
        networks = {None: None}  # one curve through all of them
    for number, network in enumerate(networks):
        points = [
            r
            for r in results
            if r["varied"] == varied and network in (None, r["network"])
        ]
        label = f"{network}, " if network else f"{points[0]['n_models']} networks, "
        for side, style in (("stacked", "o-"), ("one by one", "s--")):
            ax.plot(
                [p["value"] for p in points],
                [p["seconds"][side] for p in points],
                style,
                color=f"C{number}",
                markersize=4,
                label=label + side,
            )


def _mark_crossovers(ax, crossovers):
    for network, value in crossovers.items():
        if value is not None:
            ax.axvline(value, color="0.6", linestyle=":")
            ax.annotate(
                f"{value:,.0f} ({network})",
                (value, 0.98),
                xycoords=("data", "axes fraction"),
                rotation=90,
                fontsize="x-small",
                ha="right",
                va="top",
            )


def _draw_shares(ax, report):
    for stack in report["stacks"]:
        seconds = [
            stack["seconds_alone_one_core"],
            *stack["seconds_in_stack"].values(),
        ]
        rate = report["matrix_product_rate"]["one core"]
        ax.plot(
            [1, *map(int, stack["seconds_in_stack"])],
            [stack["operations"] / s / rate for s in seconds],
            "o-",
            markersize=4,
            label=f"{stack['network']}, batch {stack['batch_size']}",
        )
    ax.set(
        xlabel="networks in a stack, one core",
        ylabel="share of the matrix-product rate",
        xscale="log",
        yscale="log",
        ylim=(1e-4, 1),
    )
    ax.legend(fontsize="small", loc="lower right", ncols=2)
