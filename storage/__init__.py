"""The ground floor: schemas, the raw store, the lake of Parquet tables, and the ledger of lineage."""
