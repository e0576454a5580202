"""DuckDB and Polars over the rows that the Rust program has written as columns.

python peers.py FOLDER ENGINE THREADS BUDGET_SECONDS RUNS_MAX brief|full

prints one report as JSON, of the same form as those of the Rust engines (src/workload.rs), whose rules for repeating
runs it follows too. Each workload is one query over whole columns, as these engines want it; DuckDB also looks orders
up key by key.
"""

import json
import os
import statistics
import sys
import time

# Polars reads this when it is imported.
THREADS = int(sys.argv[3])
os.environ["POLARS_MAX_THREADS"] = str(THREADS)

import duckdb
import numpy as np
import polars as pl

RUNS_MIN = 3
LONG_SECONDS = 8
# How many lines are looked up one by one.
KEYS_MAX = 1_000
# The days of 1994, counted from 1992-01-01.
YEAR_1994 = (731, 1096)


def read_columns(folder, prefix=""):
    """The tables as dictionaries of numpy arrays; every table gets its `id`, the place of the row."""
    tables = {}
    for name in sorted(os.listdir(folder)):
        table, column, kind = name.split(".")
        if table in [prefix + "nation", prefix + "customer", prefix + "orders", prefix + "line"]:
            values = np.fromfile(os.path.join(folder, name), dtype="<" + kind)
            tables.setdefault(table.removeprefix(prefix), {})[column] = values
    for columns in tables.values():
        rows = len(next(iter(columns.values())))
        columns["id"] = np.arange(rows, dtype=np.uint32)
    return tables


def resident_bytes():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096


class DuckDB:
    """Tables with primary and foreign keys."""

    version = duckdb.__version__

    TYPES = {"u4": "UINTEGER", "i4": "INTEGER", "i8": "BIGINT", "u1": "UTINYINT"}
    REFERENCES = {
        "nation_id": " REFERENCES nation (id)",
        "customer_id": " REFERENCES customer (id)",
        "order_id": " REFERENCES orders (id)",
    }

    def __init__(self, tables):
        self.connection = duckdb.connect(":memory:", config={"threads": THREADS})
        for name in ["nation", "customer", "orders", "line"]:
            columns = tables[name]
            declared = [
                f"{column} {self.TYPES[values.dtype.str[1:]]} "
                + ("PRIMARY KEY" if column == "id" else "NOT NULL" + self.REFERENCES.get(column, ""))
                for column, values in columns.items()
            ]
            self.connection.execute(f"CREATE TABLE {name} ({', '.join(declared)})")
            self.connection.execute(f"INSERT INTO {name} SELECT * FROM columns")
        self.connection.execute(
            "PREPARE order_total AS"
            " SELECT total_price_cents FROM line JOIN orders ON orders.id = order_id WHERE line.id = $1"
        )

    def close(self):
        self.connection.close()

    def number(self, query, arguments=None):
        return int(self.connection.execute(query, arguments).fetchone()[0])

    def belongs_to_random(self, lines):
        total = 0
        for line in lines:
            total += self.connection.execute(f"EXECUTE order_total({line})").fetchone()[0]
        return total

    def belongs_to_random_at_once(self, lines):
        # DuckDB finds `draws` among the variables of the function that asks.
        draws = {"line": lines}
        query = (
            "SELECT SUM(total_price_cents) FROM draws"
            " JOIN line ON line.id = draws.line JOIN orders ON orders.id = order_id"
        )
        return int(self.connection.execute(query).fetchone()[0])

    def one_hop(self):
        return self.number("SELECT SUM(total_price_cents) FROM line JOIN orders ON orders.id = order_id")

    def three_hops(self):
        rows = self.connection.execute(
            "SELECT nation.number, SUM(extended_price_cents) FROM line"
            " JOIN orders ON orders.id = order_id JOIN customer ON customer.id = customer_id"
            " JOIN nation ON nation.id = nation_id GROUP BY nation.number"
        ).fetchall()
        return sum((nation + 1) * int(revenue) for nation, revenue in rows)

    def children(self):
        return self.number(
            "SELECT SUM((order_id % 97 + 1) * prices) FROM"
            " (SELECT order_id, SUM(extended_price_cents) AS prices FROM line GROUP BY order_id)"
        )

    def delete_hot(self):
        self.connection.execute("DELETE FROM line WHERE order_id = 0")

    def scan_sum(self):
        return self.number("SELECT SUM(extended_price_cents) FROM line")

    def scan_filter(self):
        return self.number(
            "SELECT COALESCE(SUM(extended_price_cents * discount_percent), 0) FROM line WHERE ship_day >= ?"
            " AND ship_day < ? AND discount_percent BETWEEN 5 AND 7 AND quantity < 24",
            list(YEAR_1994),
        )


class Polars:
    """Data frames. They know no keys, so loading proves by one anti-join for each that none is missing."""

    version = pl.__version__

    KEYS = [("customer", "nation_id", "nation"), ("orders", "customer_id", "customer"), ("line", "order_id", "orders")]

    def __init__(self, tables):
        # Copied: the other engines own their rows too.
        self.frames = {
            name: pl.DataFrame({column: values.copy() for column, values in columns.items()})
            for name, columns in tables.items()
        }
        for frame in self.frames.values():
            assert frame["id"].is_unique().all(), "a row that is there twice"
        for source, key, target in self.KEYS:
            missing = self.frames[source].join(self.frames[target], left_on=key, right_on="id", how="anti")
            assert missing.is_empty(), "a key that names no row"
        self.line = self.frames["line"].lazy()
        self.orders = self.frames["orders"].lazy()

    def close(self):
        self.frames.clear()

    def belongs_to_random_at_once(self, lines):
        draws = pl.LazyFrame({"line": lines})
        joined = draws.join(self.line, left_on="line", right_on="id")
        joined = joined.join(self.orders, left_on="order_id", right_on="id")
        return joined.select(pl.col("total_price_cents").sum()).collect().item()

    def one_hop(self):
        joined = self.line.join(self.orders, left_on="order_id", right_on="id")
        return joined.select(pl.col("total_price_cents").sum()).collect().item()

    def three_hops(self):
        orders = self.orders.select("id", "customer_id")
        customer = self.frames["customer"].lazy().select("id", "nation_id")
        nation = self.frames["nation"].lazy().select("id", nation="number")
        joined = self.line.select("order_id", "extended_price_cents")
        joined = joined.join(orders, left_on="order_id", right_on="id")
        joined = joined.join(customer, left_on="customer_id", right_on="id")
        joined = joined.join(nation, left_on="nation_id", right_on="id")
        revenue = joined.group_by("nation").agg(pl.col("extended_price_cents").sum()).collect()
        return sum((nation + 1) * cents for nation, cents in revenue.iter_rows())

    def children(self):
        orders = self.line.group_by("order_id").agg(pl.col("extended_price_cents").sum())
        weight = pl.col("order_id").cast(pl.Int64) % 97 + 1
        return orders.select((weight * pl.col("extended_price_cents")).sum()).collect().item()

    def delete_hot(self):
        self.frames["line"] = self.line.filter(pl.col("order_id") != 0).collect()
        self.line = self.frames["line"].lazy()

    def scan_sum(self):
        return self.line.select(pl.col("extended_price_cents").sum()).collect().item()

    def scan_filter(self):
        day, discount = pl.col("ship_day"), pl.col("discount_percent")
        rows = self.line.filter(
            (day >= YEAR_1994[0]) & (day < YEAR_1994[1]) & discount.is_between(5, 7) & (pl.col("quantity") < 24)
        )
        return rows.select((pl.col("extended_price_cents") * discount).sum()).collect().item()


def measure(first, again, budget, runs_max):
    """The times of runs that time themselves. The first warms up, and counts only where it has taken long."""
    times = [first] if first >= budget else []
    while len(times) < runs_max and (len(times) < RUNS_MIN or sum(times) < budget):
        if times and times[0] >= LONG_SECONDS:
            break
        times.append(again())
    return times


def main():
    folder, name, _, budget, runs_max, extent = sys.argv[1:]
    budget, runs_max = float(budget), int(runs_max)
    Engine = {"duckdb": DuckDB, "polars": Polars}[name]
    tables = read_columns(folder)
    lines = len(tables["line"]["id"])
    figures = []

    def add(workload, rows, times, answer):
        nanoseconds = statistics.median_high(times) * 1e9 / rows
        figure = dict(workload=workload, rows=rows, ns_per_row=nanoseconds, runs=len(times), answer=int(answer))
        figures.append(figure)

    before = resident_bytes()
    start = time.perf_counter()
    engine = Engine(tables)
    first = time.perf_counter() - start
    resident = resident_bytes() - before

    def load():
        nonlocal engine
        engine.close()
        engine = None
        start = time.perf_counter()
        engine = Engine(tables)
        return time.perf_counter() - start

    times = measure(first, load, budget, runs_max)
    add("load", lines, times, engine.scan_sum())

    def read(workload, rows, call):
        start = time.perf_counter()
        answer = call()
        first = time.perf_counter() - start

        def again():
            start = time.perf_counter()
            assert call() == answer, workload
            return time.perf_counter() - start

        add(workload, rows, measure(first, again, budget, runs_max), answer)

    read("three_hops", lines, engine.three_hops)
    if extent == "full":
        draws = np.fromfile(os.path.join(folder, "draws.line.u4"), dtype="<u4")
        if hasattr(engine, "belongs_to_random"):
            # At a millisecond a key not all of them; that the answer is right is shown by the same lines at once.
            few = draws[:KEYS_MAX]
            assert engine.belongs_to_random(few) == engine.belongs_to_random_at_once(few)
            read("belongs_to_random", len(few), lambda: engine.belongs_to_random(few))
        read("belongs_to_random_at_once", len(draws), lambda: engine.belongs_to_random_at_once(draws))
        read("one_hop", lines, engine.one_hop)
        read("children", lines, engine.children)
        read("scan_sum", lines, engine.scan_sum)
        read("scan_filter", lines, engine.scan_filter)
        engine.close()
        hot = read_columns(folder, "hot_")
        hot_lines = os.path.getsize(os.path.join(folder, "hot_lines.line.u4")) // 4
        left = None

        def delete():
            nonlocal left
            engine = Engine(hot)
            start = time.perf_counter()
            engine.delete_hot()
            elapsed = time.perf_counter() - start
            left = engine.scan_sum()
            engine.close()
            return elapsed

        times = measure(delete(), delete, budget, runs_max)
        add("delete_hot", hot_lines, times, left)

    report = dict(engine=name, version=Engine.version, lines=lines, resident_bytes=resident, figures=figures)
    json.dump(report, sys.stdout)


main()
