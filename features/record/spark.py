"""The record on Spark: the same Parquet and the same expressions, for a network that outgrows one machine.

Engines return integers, so Spark and DuckDB give the same bits. Only how a table is kept and how rows come and go is
told here; what is asked stands where it always stands.
"""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Sequence
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from features.errors import BadSetting

if TYPE_CHECKING:
    from collections.abc import Iterator

    import ibis.expr.types as ir
    import pandas as pd
    import pyarrow as pa

# everything else is the cluster's own: its master, its memory and its cores are set where Spark is
SETTINGS = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.ansi.enabled": "true",  # a sum that overflows is an error, as in DuckDB
    "spark.sql.session.timeZone": "UTC",
}


def connect() -> Any:
    """An engine on the Spark session of this process, or a new one as Spark's own settings say. BadSetting where there
    is no PySpark or no Java.
    """
    if shutil.which("java") is None:
        raise BadSetting(got="no Java on the path", expected="Java 17", do="Install a Java runtime for Spark.")
    with _quiet():
        try:
            from pyspark.sql import SparkSession
        except ImportError:
            raise BadSetting(
                got="a Python without PySpark", expected="the extra `spark`", do="Run `pip install afterward[spark]`."
            ) from None
        asked = SparkSession.builder.appName("afterward")
        for name, value in SETTINGS.items():
            asked = asked.config(name, value)
        session = asked.getOrCreate()
        _as_many_parts_as_cores(session)
        session.sparkContext.setLogLevel("OFF")  # its own words of a fault could hold a patient's value
        engine = _backend()()
        engine.register_options()
        engine.do_connect(session)
    return engine


def _as_many_parts_as_cores(session: Any) -> None:
    """On one machine Spark's 200 parts of every join only cost; what somebody set stays."""
    name, context = "spark.sql.shuffle.partitions", session.sparkContext
    if context.master.startswith("local") and not context.getConf().contains(name):
        session.conf.set(name, str(context.defaultParallelism))


@contextmanager
def _quiet() -> Iterator[None]:
    """PySpark 4.3 warns of pandas 3, which nothing here hands to it: rows come and go as Arrow."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        yield


@cache
def _backend() -> Any:
    import ibis

    with _quiet():
        from ibis.backends.pyspark import Backend
    from ibis.formats.pandas import PandasData
    from ibis.formats.pyarrow import PyArrowData

    class Spark(Backend):  # type: ignore[misc]  # ibis tells no types
        """Ibis on Spark, with temporary tables and with Arrow on every way in and out."""

        def read_parquet(self, paths: Sequence[str]) -> ir.Table:
            return self._named(ibis.util.gen_name("parquet"), self._session.read.parquet(*paths))

        def create_table(self, name: str, rows: Any, *, temp: bool) -> ir.Table:
            """Work the rows out and keep them on the executors; `temp` is all that there is."""
            assert temp
            asked = rows if isinstance(rows, ibis.Expr) else ibis.memtable(rows)
            return self._named(name, self._asked(asked).localCheckpoint())

        def insert(self, name: str, rows: ir.Table) -> None:
            both = self._session.table(name).unionByName(self._asked(rows))
            self._named(name, both.localCheckpoint())

        def drop_table(self, name: str) -> None:
            self._session.catalog.dropTempView(name)

        def to_pyarrow(self, asked: ir.Expr, /, **_: Any) -> pa.Table:
            table = asked.as_table()
            with _quiet():
                found = self._asked(table).toArrow()
            return asked.__pyarrow_result__(PyArrowData.convert_table(found, table.schema()))

        def execute(self, asked: ir.Expr, /, **_: Any) -> pd.DataFrame | pd.Series | Any:
            import pandas as pd

            table = asked.as_table()
            with _quiet():
                found = self._asked(table).toArrow()
            # an integer column with nulls must not pass through doubles
            told = {
                name: column.to_pylist() if column.null_count else column.to_pandas()
                for name, column in zip(found.column_names, found.columns, strict=True)
            }
            return asked.__pandas_result__(PandasData.convert_table(pd.DataFrame(told), table.schema()))

        def _asked(self, asked: ir.Expr) -> Any:
            self._run_pre_execute_hooks(asked)
            return self._session.sql(self.compile(asked))

        def _named(self, name: str, rows: Any) -> ir.Table:
            rows.createOrReplaceTempView(name)
            return self.table(name)

        def _register_in_memory_table(self, op: Any) -> None:
            with _quiet():
                rows = self._session.createDataFrame(op.data.to_pyarrow(op.schema))
            rows.createOrReplaceTempView(op.name)

    return Spark
