-- A machine's timeline is read on by whoever follows it. As with the change record, ids become visible out of order, so its place is by
-- transaction: those below pg_snapshot_xmin have all ended.
alter table evidence add column txid xid8 not null default pg_current_xact_id();
create index evidence_timeline on evidence (node_id, txid, id);
alter table event add column txid xid8 not null default pg_current_xact_id();
create index event_timeline on event (node_id, txid, id);
