"""Triggers that keep ledgers append-only, the outer places of stock, where order numbers start.

Revision ID: 0002
Revises: 0001
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

APPEND_ONLY = ("audit_entry", "audit_seal", "move", "publication", "price_publication", "document",
               "document_file", "document_annulment", "price_note", "return_statement")
FIRST_ORDER = 10001
OUTER_PLACES = ("supplier", "customer", "scrap", "count", "transit")


def upgrade() -> None:
    postgres = op.get_bind().dialect.name == "postgresql"
    if postgres:
        op.execute(
            "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ "
            "BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
        )
        op.execute(f"ALTER SEQUENCE sales_order_id_seq RESTART WITH {FIRST_ORDER}")
    else:
        op.execute(
            f"INSERT INTO sqlite_sequence (name, seq) VALUES ('sales_order', {FIRST_ORDER - 1})"
        )
    for key, kind in enumerate(OUTER_PLACES, start=1):
        op.execute(
            "INSERT INTO location (id, warehouse_id, kind, code, path_order, sellable, active) "
            f"VALUES ({key}, NULL, '{kind}', '{kind}', 0, false, true)"
        )
    if postgres:
        op.execute("ALTER SEQUENCE location_id_seq RESTART WITH 11")
    for table in APPEND_ONLY:
        if postgres:
            op.execute(
                f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE "
                f"ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
            )
            continue
        for act in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )


def downgrade() -> None:
    postgres = op.get_bind().dialect.name == "postgresql"
    for table in APPEND_ONLY:
        if postgres:
            op.execute(f"DROP TRIGGER {table}_append_only ON {table}")
            continue
        for act in ("update", "delete"):
            op.execute(f"DROP TRIGGER {table}_no_{act}")
    if postgres:
        op.execute("DROP FUNCTION refuse_change()")
    else:
        op.execute("DELETE FROM sqlite_sequence WHERE name = 'sales_order'")
    op.execute("DELETE FROM location WHERE warehouse_id IS NULL")
