-- The one change record: every write that others react to appends a row here, in its own transaction.
create table change (
  id bigint generated always as identity primary key,
  -- Ids are taken before commit, so they become visible out of order. A reader goes by the transaction instead: those
  -- below pg_snapshot_xmin have all ended, and nothing can be added to them.
  txid xid8 not null default pg_current_xact_id(),
  kind text not null,
  entity text not null,
  entity_id text not null,
  -- Who may see it: null for everybody, else a visibility class.
  visible_to text,
  at timestamptz not null default now(),
  payload jsonb not null default '{}'
);
create index change_txid_id on change (txid, id);
