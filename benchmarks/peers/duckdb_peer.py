"""The day in DuckDB SQL: one statement a table, ASOF joins for the journeys, spilling to disk where it must.

Gives `pools`, `members`, `recalls`, `cases` and the anomaly `person_in_two_tubes`, equal to poolpipe's, from
clean, typed Parquet in folders named by kind. What it leaves out is listed in `benchmarks.peers.events.LEFT_OUT`
and is the same for all three peers.

Run as ``python -m benchmarks.peers.duckdb_peer EVENTS OUT``.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import duckdb

from benchmarks.peers.events import COLUMNS, DEFAULTS, files_of

TYPES = {"at": "TIMESTAMPTZ", "capacity": "BIGINT", "swabs": "BIGINT", "ct": "DOUBLE"}

MEMBERS = """
SELECT *, row_number() OVER (PARTITION BY round, tube ORDER BY collected_at, person_type, person) AS position
FROM (
    SELECT round, tube, person_type, person, min(moment) AS collected_at
    FROM collect GROUP BY round, tube, person_type, person
)
"""

# Class of a target in a well: 0 detected, 1 grey, 2 neither, null without a row; the first time in that class.
READINGS = """
WITH firsts AS (
    SELECT round, plate, well,
        min(moment) FILTER (target = 'ORF1ab' AND ct <= 37) AS orf_0,
        min(moment) FILTER (target = 'ORF1ab' AND ct > 37 AND ct <= 40) AS orf_1,
        min(moment) FILTER (target = 'ORF1ab' AND (ct > 40 OR ct IS NULL)) AS orf_2,
        min(moment) FILTER (target = 'N' AND ct <= 37) AS n_0,
        min(moment) FILTER (target = 'N' AND ct > 37 AND ct <= 40) AS n_1,
        min(moment) FILTER (target = 'N' AND (ct > 40 OR ct IS NULL)) AS n_2,
        min(moment) FILTER (target = 'IC' AND ct <= 40) AS ic_0,
        min(moment) FILTER (target = 'IC' AND (ct > 40 OR ct IS NULL)) AS ic_2
    FROM read GROUP BY round, plate, well
)
SELECT round, plate, well,
    CASE WHEN orf_0 IS NOT NULL THEN 0 WHEN orf_1 IS NOT NULL THEN 1 WHEN orf_2 IS NOT NULL THEN 2 END AS orf,
    CASE WHEN n_0 IS NOT NULL THEN 0 WHEN n_1 IS NOT NULL THEN 1 WHEN n_2 IS NOT NULL THEN 2 END AS n,
    CASE WHEN ic_0 IS NOT NULL THEN 0 WHEN ic_2 IS NOT NULL THEN 2 END AS ic,
    coalesce(orf_0, orf_1, orf_2) AS orf_at, coalesce(n_0, n_1, n_2) AS n_at, coalesce(ic_0, ic_2) AS ic_at,
    least(orf_0, orf_1, n_0, n_1) AS hit_at
FROM firsts
"""

LOADED = """
SELECT round, plate, well,
    count(DISTINCT tube) FILTER (role = 'sample') AS tubes,
    bool_or(role = 'negative_control') AS negative_control,
    bool_or(role = 'positive_control') AS positive_control
FROM load GROUP BY round, plate, well
"""

PLATES = """
WITH verdicts AS (
    SELECT round, plate,
        bool_or(negative_control) AND bool_or(positive_control)
            AND bool_and(NOT negative_control OR coalesce(orf = 2 AND n = 2, false))
            AND bool_and(NOT positive_control OR coalesce(orf = 0 AND n = 0, false)) AS valid,
        max(greatest(orf_at, n_at)) AS controls_at
    FROM loaded LEFT JOIN readings USING (round, plate, well)
    WHERE negative_control OR positive_control
    GROUP BY round, plate
)
SELECT round, plate, coalesce(valid, false) AS valid, controls_at, read_at
FROM (SELECT round, plate, max(moment) AS read_at FROM read GROUP BY round, plate)
LEFT JOIN verdicts USING (round, plate)
"""

WELLS = """
WITH samples AS (SELECT DISTINCT round, plate, well, tube FROM load WHERE role = 'sample'),
judged AS (
    SELECT *,
        CASE
            WHEN NOT valid THEN 'invalid'
            WHEN tubes > 1 OR negative_control OR positive_control
                THEN CASE WHEN hit_at IS NOT NULL THEN 'suspect' END
            WHEN orf = 0 AND n = 0 THEN 'positive'
            WHEN hit_at IS NOT NULL THEN 'suspect'
            WHEN orf IS NULL OR n IS NULL OR ic IS NULL THEN NULL
            WHEN ic = 0 THEN 'negative'
            ELSE 'invalid'
        END AS call
    FROM samples
    JOIN plates USING (round, plate)
    JOIN loaded USING (round, plate, well)
    LEFT JOIN readings USING (round, plate, well)
)
SELECT round, tube, call,
    CASE
        WHEN NOT valid THEN read_at
        WHEN call = 'positive' THEN greatest(orf_at, n_at, controls_at)
        WHEN call = 'suspect' THEN greatest(
            least(CASE WHEN orf <= 1 THEN orf_at END, CASE WHEN n <= 1 THEN n_at END), controls_at
        )
        ELSE greatest(orf_at, n_at, ic_at, controls_at)
    END AS called_at,
    CASE WHEN valid AND hit_at IS NOT NULL THEN greatest(hit_at, controls_at) END AS opened_at
FROM judged
"""

CALLS = """
WITH evidence AS (
    SELECT round, tube, call, called_at, NULL AS report_lab FROM wells WHERE call IS NOT NULL
    UNION ALL
    SELECT round, tube, call, moment, lab FROM report
)
SELECT DISTINCT ON (round, tube) *
FROM evidence
ORDER BY list_position(['positive', 'suspect', 'negative', 'invalid'], call), called_at, report_lab NULLS LAST
"""

OPENINGS = """
SELECT round, tube, min(opened_at) AS opened_at
FROM (
    SELECT round, tube, opened_at FROM wells WHERE opened_at IS NOT NULL
    UNION ALL
    SELECT round, tube, moment FROM report WHERE call IN ('positive', 'suspect')
)
GROUP BY round, tube
"""

JOURNEYS = """
WITH packed AS (SELECT round, tube, arg_max(box, moment) AS box, max(moment) AS packed_at FROM pack GROUP BY round, tube)
SELECT packed.round, packed.tube, packed.box, packed.packed_at,
    coalesce(next_pickup.moment, last_pickup.moment) AS picked_up_at,
    coalesce(next_receive.moment, last_receive.moment) AS received_at,
    CASE WHEN next_receive.moment IS NOT NULL THEN next_receive.lab ELSE last_receive.lab END AS box_lab
FROM packed
ASOF LEFT JOIN pickup AS next_pickup
    ON packed.round = next_pickup.round AND packed.box = next_pickup.box AND packed.packed_at <= next_pickup.moment
ASOF LEFT JOIN pickup AS last_pickup
    ON packed.round = last_pickup.round AND packed.box = last_pickup.box AND packed.packed_at >= last_pickup.moment
ASOF LEFT JOIN receive AS next_receive
    ON packed.round = next_receive.round AND packed.box = next_receive.box AND packed.packed_at <= next_receive.moment
ASOF LEFT JOIN receive AS last_receive
    ON packed.round = last_receive.round AND packed.box = last_receive.box AND packed.packed_at >= last_receive.moment
"""

POOLS = """
WITH collected AS (
    SELECT round, tube, arg_min(mode, moment) AS mode, max(capacity) AS capacity,
        arg_min(site, moment) AS site, arg_min(point, moment) AS point
    FROM collect GROUP BY round, tube
),
counted AS (
    SELECT round, tube, count(*) AS people, min(collected_at) AS first_collected, max(collected_at) AS last_collected
    FROM members GROUP BY round, tube
),
sealed AS (SELECT round, tube, arg_max(swabs, moment) AS swabs FROM seal GROUP BY round, tube),
last_loaded AS (
    SELECT round, tube, arg_max(plate, moment) AS plate, arg_max(well, moment) AS well, arg_max(lab, moment) AS load_lab,
        max(moment) AS loaded_at
    FROM load WHERE role = 'sample' GROUP BY round, tube
)
SELECT round, tube, mode,
    CASE mode WHEN 'single' THEN 1 WHEN 'pool' THEN coalesce(capacity, 10) END AS capacity,
    coalesce(people, 0) AS people, swabs, site, point, first_collected, last_collected,
    box, packed_at, picked_up_at, received_at, coalesce(load_lab, box_lab, report_lab) AS lab,
    plate, well, loaded_at, call, called_at,
    CASE
        WHEN call <> 'invalid' THEN 'reported'
        WHEN loaded_at IS NOT NULL THEN 'loaded'
        WHEN received_at IS NOT NULL THEN 'received'
        WHEN picked_up_at IS NOT NULL THEN 'picked_up'
        WHEN packed_at IS NOT NULL THEN 'packed'
        ELSE 'collected'
    END AS state
FROM collected
FULL JOIN counted USING (round, tube)
FULL JOIN sealed USING (round, tube)
FULL JOIN journeys USING (round, tube)
FULL JOIN last_loaded USING (round, tube)
FULL JOIN calls USING (round, tube)
"""

RECALLS = """
WITH persons AS (
    SELECT round, tube, person_type, person, opened_at, opened_at + INTERVAL 6 HOUR AS due_at, lab
    FROM pools JOIN openings USING (round, tube) JOIN members USING (round, tube)
    WHERE call = 'suspect' OR (call = 'positive' AND mode = 'pool')
),
singles AS (
    SELECT round AS single_round, tube AS single_tube, person_type, person, collected_at,
        CASE WHEN call IN ('positive', 'negative') THEN call END AS outcome,
        CASE WHEN call IN ('positive', 'negative') THEN called_at END AS closed_at
    FROM pools JOIN members USING (round, tube)
    WHERE mode = 'single'
),
named AS (
    SELECT DISTINCT round AS single_round, tube AS single_tube, person_type, person, recall_of
    FROM collect WHERE recall_of IS NOT NULL
),
answers AS (
    SELECT persons.round, persons.tube, person_type, person, single_round, single_tube, outcome, closed_at,
        min(collected_at) OVER (PARTITION BY persons.round, persons.tube, person_type, person) AS recollected_at,
        row_number() OVER (
            PARTITION BY persons.round, persons.tube, person_type, person
            ORDER BY coalesce(list_position(['positive', 'negative'], outcome), 3),
                coalesce(closed_at, collected_at), single_round, single_tube
        ) AS choice
    FROM persons
    JOIN singles USING (person_type, person)
    LEFT JOIN named USING (single_round, single_tube, person_type, person)
    WHERE (single_round <> persons.round OR single_tube <> persons.tube)
        AND (collected_at >= opened_at OR recall_of = persons.tube)
)
SELECT round, tube, person_type, person, opened_at, due_at,
    CASE WHEN closed_at IS NOT NULL THEN 'closed' WHEN single_tube IS NOT NULL THEN 'recollected' ELSE 'open' END
        AS status,
    closed_at IS NULL AND due_at < getvariable('as_of') AS overdue,
    coalesce(closed_at > due_at, false) AS late,
    recollected_at, single_round, single_tube, outcome, closed_at, lab
FROM persons LEFT JOIN (FROM answers WHERE choice = 1) USING (round, tube, person_type, person)
"""

CASES = """
SELECT round, tube, person_type, person, collected_at, called_at, lab, recall_of
FROM pools
JOIN members USING (round, tube)
LEFT JOIN (
    SELECT round, tube, person_type, person, arg_min(recall_of, moment) AS recall_of
    FROM collect WHERE recall_of IS NOT NULL GROUP BY round, tube, person_type, person
) USING (round, tube, person_type, person)
WHERE mode = 'single' AND call = 'positive'
"""

ANOMALIES = """
SELECT round, 'person_in_two_tubes' AS code, 'error' AS severity, 'person' AS subject_kind,
    person_type || ':' || person AS subject
FROM members SEMI JOIN (FROM pools WHERE mode = 'pool') AS pooled USING (round, tube)
GROUP BY round, person_type, person HAVING count(*) > 1
"""


def main(folder: Path, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out) as spilled, duckdb.connect() as day:
        day.execute(f"SET temp_directory = '{spilled}'")
        day.execute("SET preserve_insertion_order = false")
        for kind in reversed(COLUMNS):  # void first: the others leave out what it withdraws
            scan(day, folder, kind)
        moments = " UNION ALL ".join(f"SELECT max(moment) AS moment FROM {kind}" for kind in COLUMNS)
        day.execute(f"SET VARIABLE as_of = (SELECT max(moment) FROM ({moments}))")

        save(day, MEMBERS, out / "members.parquet")
        day.execute(f"CREATE VIEW members AS FROM '{out / 'members.parquet'}'")
        tables = {"readings": READINGS, "loaded": LOADED, "plates": PLATES, "wells": WELLS}
        tables |= {"calls": CALLS, "openings": OPENINGS, "journeys": JOURNEYS, "pools": POOLS}
        for name, query in tables.items():
            day.execute(f"CREATE TEMP TABLE {name} AS {query}")
        save(day, "FROM pools", out / "pools.parquet")
        save(day, RECALLS, out / "recalls.parquet")
        save(day, CASES, out / "cases.parquet")
        save(day, ANOMALIES, out / "anomalies.parquet")


def scan(day: duckdb.DuckDBPyConnection, folder: Path, kind: str) -> None:
    """Make a view of one kind's events: the columns the job needs, defaults filled in, voided ones left out."""
    files = files_of(folder, kind)
    source, present = "(SELECT 1 WHERE false)", set()
    if files:
        source = f"read_parquet({[str(file) for file in files]}, union_by_name = true)"
        present = {row[0] for row in day.execute(f"DESCRIBE FROM {source}").fetchall()}
    columns = []
    for name in COLUMNS[kind]:
        given = f'CAST("{name}" AS {TYPES.get(name, "VARCHAR")})'
        value = given if name in present else given.replace(f'"{name}"', "NULL")
        alias = "moment" if name == "at" else name  # `at` is a reserved word of DuckDB 2
        columns.append(
            f"coalesce({value}, '{DEFAULTS[name]}') AS {name}" if name in DEFAULTS else f"{value} AS {alias}"
        )
    voided = kind != "void" and files_of(folder, "void")
    kept = "ANTI JOIN (SELECT event AS event_id FROM void) AS voided USING (event_id)" if voided else ""
    day.execute(f"CREATE VIEW {kind} AS FROM (SELECT {', '.join(columns)} FROM {source}) {kept}")


def save(day: duckdb.DuckDBPyConnection, query: str, path: Path) -> None:
    day.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet, COMPRESSION zstd)")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
