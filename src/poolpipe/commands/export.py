"""`poolpipe export`: results of a run for the city's platform, as CSV, HL7 v2.5.1 or FHIR R4."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from poolpipe.commands.options import ZONE
from poolpipe.commands.terminal import tell

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import polars as pl

    from poolpipe.exchange import Result

__all__ = ["export"]


@click.command(
    help="Write the results of a run (the folder RUN of `poolpipe run`) for others.\n\n"
    "将 `poolpipe run` 的结果输出给市级平台：CSV、HL7 v2.5.1 ORU^R01 或 FHIR R4。\n\n"
    "Only tubes that have a call are written: nobody is told a result of a tube that was not tested. Every message is "
    "checked by its standard's validator before it is written. CSV is cut into files that no spreadsheet truncates, "
    "with a manifest of their rows."
    "\n\n\b\nExamples  例:\n"
    "  poolpipe export result --format csv --language zh --out platform\n"
    "  poolpipe export result --format hl7 --call positive --call suspect --out messages",
)
@click.argument("run", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "--format", "form", type=click.Choice(["csv", "hl7", "fhir"]), required=True, help="Format  格式"
)
@click.option(
    "--out", required=True, metavar="OUT", type=click.Path(path_type=Path), help="Folder  输出文件夹"
)
@click.option("--call", "calls", multiple=True, type=click.Choice(["positive", "suspect", "negative", "invalid"]),
              help="Only these calls; default all  只输出这些结论")  # fmt: skip
@click.option("--readings", multiple=True, metavar="FILE", type=click.Path(path_type=Path, exists=True),
              help="Read events, for Ct values  读数事件")  # fmt: skip
@click.option(
    "--zone",
    type=ZONE,
    metavar="ZONE",
    default="Asia/Shanghai",
    show_default=True,
    help="Zone of the times  时区",
)
@click.option(
    "--language", type=click.Choice(["en", "zh"]), default="en", show_default=True, help="Of the CSV  语言"
)
@click.option("--sender", default="POOLPIPE", show_default=True, help="Sending facility (HL7)  发送方")
@click.option("--receiver", default="CITY", show_default=True, help="Receiving facility (HL7)  接收方")
def export(
    run: Path,
    *,
    form: str,
    out: Path,
    calls: tuple[str, ...],
    readings: tuple[Path, ...],
    zone: str,
    language: str,
    sender: str,
    receiver: str,
) -> None:
    """Write results in one format and say how many."""
    import polars as pl

    from poolpipe.errors import InputError
    from poolpipe.exchange import results

    tables = {name: run / f"{name}.parquet" for name in ("pools", "members")}
    for path in tables.values():
        if not path.exists():
            raise InputError(
                "no such table", where=str(path), way_out="hand over a folder written by poolpipe run"
            )
    pools, members = (pl.read_parquet(path) for path in tables.values())
    waiting = pools["call"].null_count()
    if calls:
        pools = pools.filter(pl.col("call").is_in(list(calls)))
    found = results(pools, members, _readings(readings))
    if form == "csv":
        from poolpipe.exchange.city_csv import write_csv

        written = len(write_csv(found, out, zone=zone, language=language)) - 1
    else:
        texts = _hl7(found, sender, receiver, zone) if form == "hl7" else _fhir(found, zone)
        written = _write_texts(texts, out)
    tell(
        f"{written} files in {out}; {waiting} tubes without a call are not sent  {waiting} 管尚无结论，未输出",
        err=True,
    )


def _readings(paths: tuple[Path, ...]) -> pl.DataFrame | None:
    """plate, well, target, ct and round of read events written by `poolpipe import`."""
    import polars as pl

    frames = [pl.read_parquet(path) if path.suffix == ".parquet" else pl.read_ndjson(path) for path in paths]
    wanted = [pl.col("plate", "well", "target").cast(pl.String), pl.col("ct").cast(pl.Float64)]
    frames = [
        frame.select(*wanted, (pl.col("round") if "round" in frame.columns else pl.lit("")).alias("round"))
        for frame in frames
    ]
    return pl.concat(frames) if frames else None


def _hl7(found: Iterable[Result], sender: str, receiver: str, zone: str) -> Iterator[tuple[str, str]]:
    from poolpipe.exchange.hl7 import oru_messages

    for result in found:
        text = "".join(oru_messages(result, sender=sender, receiver=receiver, zone=zone))
        yield _file_name(result, "hl7"), text


def _fhir(found: Iterable[Result], zone: str) -> Iterator[tuple[str, str]]:
    from poolpipe.exchange.fhir import bundle

    for result in found:
        yield _file_name(result, "json"), bundle(result, zone=zone)


def _file_name(result: Result, ending: str) -> str:
    """A name that no round or barcode can lead out of the folder, and that two tubes never share."""
    import hashlib

    digest = hashlib.sha256(f"{result.round}\x1f{result.tube}".encode()).hexdigest()[:12]
    readable = "".join(letter if letter.isalnum() or letter in "-_" else "_" for letter in result.tube)
    return f"{readable[:64]}-{digest}.{ending}"


def _write_texts(texts: Iterable[tuple[str, str]], out: Path) -> int:
    out.mkdir(parents=True, exist_ok=True)
    count = 0
    for name, text in texts:
        (out / name).write_text(text, "utf-8", newline="")
        count += 1
    return count
