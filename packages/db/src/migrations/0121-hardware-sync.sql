-- Deployed systems that report their hardware by themselves (node.enable_hw_sync).
alter table node
  -- As its timer was set when it was deployed; the setting may be another by now.
  add column sync_interval_s integer,
  add column last_sync timestamptz,
  -- Nothing was heard for one and a half intervals, and that was told.
  add column sync_silent boolean not null default false;
create index node_syncs on node (id) where enable_hw_sync;
