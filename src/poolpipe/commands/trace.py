"""`poolpipe trace`: whom a tube or a person of a result leads to, as a tree, a table or JSON."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from poolpipe.commands import options
from poolpipe.commands.frames import echo_csv, echo_json
from poolpipe.commands.stores import concluded, only_of_store, store_among
from poolpipe.languages import both, language
from poolpipe.messages import message_in_language
from poolpipe.terminal.console import check_inputs, show, tell
from poolpipe.terminal.loading import loading

if TYPE_CHECKING:
    import polars as pl

    from poolpipe.charts.looks import Language
    from poolpipe.results.day import Day

__all__ = ["trace"]


@click.command(
    help="Show whom a tube or a person leads to: who shared the tube, stood in the queue, lives with them, was with "
    "them before, and which tubes lay beside.\n\n"
    "显示样本管或人员的关联：同管、前后排队、同户、曾同管的人员，以及同箱、邻孔的样本管。\n\n"
    "RESULT is the folder of `poolpipe run --out`: the first call makes an index in RESULT/.trace-index, later ones read it. STORE "
    "is a store of `poolpipe ingest`. "
    "docs/trace.md tells the links.\n\n"
    "RESULT 为 `poolpipe run --out` 写出的文件夹，首次执行时在其中建立索引；STORE 为 `poolpipe ingest` 的数据仓库。"
    "各类关联见 docs/trace.zh.md。"
    "\n\n\b\nExamples  例:\n"
    "  poolpipe trace result --tube T99999\n"
    "  poolpipe trace result --tube T99999 --hops 3 --people people.csv\n"
    "  poolpipe trace result --tube T99999 --json > links.json\n"
    "  poolpipe trace result --tube T99999 --out trace.svg\n"
    "  poolpipe trace campaign --tube T99999"
)
@click.argument("run", metavar="RESULT|STORE", type=click.Path(path_type=Path))
@click.option(
    "--tube", "tubes", multiple=True, metavar="TUBE", help="A tube, again for more  样本管，可重复给出"
)
@click.option(
    "--person", "persons", multiple=True, metavar="PERSON",
    help="A document number, or type:number; again for more  证件号，或 类型:号码，可重复",
)  # fmt: skip
@click.option(
    "--hops",
    type=click.IntRange(0, 8),
    metavar="N",
    help="Most links, usually the policy's  最多几层关联，默认依判读规则",
)
@click.option(
    "--people",
    metavar="FILE",
    help="List of residents: households, counts of communities and buildings  居民名册：同户人员，社区、楼栋人数",
)
@click.option("--policy", metavar="POLICY", help="Preset or TOML file  判读规则：预设名或 TOML 文件")
@click.option("--table", "as_table", is_flag=True, help="A table instead of a tree  以表格代替树状图")
@click.option(
    "--csv",
    "as_csv",
    is_flag=True,
    help="All links as CSV, identity numbers in full  以 CSV 输出全部关联（完整证件号）",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Draw or write: .svg, .png, .graphml, .gexf, or a folder of two CSV files; people masked unless --show-ids  "
    "写成图（.svg、.png）、.graphml、.gexf，或含两个 CSV 文件的文件夹；人员隐去，除非用 --show-ids",
)
@options.as_json("All links as JSON, identity numbers in full  以 JSON 输出全部关联（完整证件号）")
@options.key
@options.why
@options.at_version
@options.rows
@options.show_ids
def trace(
    run: Path,
    tubes: tuple[str, ...],
    persons: tuple[str, ...],
    *,
    hops: int | None,
    people: str | None,
    policy: str | None,
    as_table: bool,
    as_csv: bool,
    out: Path | None,
    as_json: bool,
    key: str | None,
    why: str | None,
    at_version: int | None,
    rows: int,
    show_ids: bool,
) -> None:
    """Trace tubes and people of a result."""
    if not tubes and not persons:
        raise click.UsageError(message_in_language("nothing_to_trace", {}))
    check_inputs((str(run), *filter(None, (people,))))
    with loading():
        from poolpipe.events.reference import read_reference
        from poolpipe.exchange.trace_files import write_trace
        from poolpipe.terminal.tables import masked_rows, table_board
        from poolpipe.terminal.traces import neighbourhood_lines, trace_trees
        from poolpipe.traced import trace as follow
        from poolpipe.tracing.neighbourhoods import count_neighbourhoods

    residents = read_reference(people=people).people if people else None
    day: Path | Day = run
    store = store_among([str(run)])
    only_of_store(store, at_version)
    if store is not None:
        day = concluded(store, key, why, tables=["traces"], version=at_version, views=False)
    links = follow(day, tubes=tubes, people=persons, hops=hops, policy=policy, residents=people)
    counts = count_neighbourhoods(links.filter(kind="member"), residents)
    if out:
        chosen: Language = "zh" if language() == "zh" else "en"
        write_trace(links, out, _tubes(day, links), language=chosen, show_ids=show_ids)
        tell(both(f"{links.height:,} links in {out}", f"{links.height:,} 条关联已写入 {out}"), err=True)
    elif as_csv:
        echo_csv(links)
    elif as_json:
        echo_json(
            {"schema": "poolpipe.trace/1", "links": links.to_dicts(), "neighbourhoods": counts.to_dicts()}
        )
    elif as_table:
        shown = links.head(rows)
        legible = shown if show_ids else masked_rows(shown, "traces")
        title, more = f"traces · {links.height:,}", links.height - shown.height
        show([table_board(_ordered(legible), title, zone="UTC", more=more, show_ids=show_ids)])
    else:
        show([*trace_trees(links, rows=rows, show_ids=show_ids), *neighbourhood_lines(counts, rows=rows)])


def _tubes(day: Path | Day, links: pl.DataFrame) -> pl.DataFrame:
    """The rows of `pools` of all tubes of some links."""
    import polars as pl

    from poolpipe.results.written import opened

    ends = [
        links.select("round", "tube"),
        links.select(pl.col("source_round").alias("round"), pl.col("source_tube").alias("tube")),
    ]
    wanted = pl.concat(ends).unique().lazy()
    if not isinstance(day, Path):
        return day.pools.lazy().join(wanted, on=["round", "tube"], how="semi", nulls_equal=True).collect()
    with opened(day) as written:
        pools = pl.scan_parquet(written.path("pools"), glob=False)
        return pools.join(wanted, on=["round", "tube"], how="semi", nulls_equal=True).collect()


def _ordered(links: pl.DataFrame) -> pl.DataFrame:
    """Columns from the most needed to the least."""
    first = ["kind", "tube", "person", "lag_s", "score", "via"]
    return links.select(*first, *(name for name in links.columns if name not in first))
