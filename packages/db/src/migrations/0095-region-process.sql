-- Region processes: which node each one is. By the id that it keeps in its data directory, so that it is the same one after any restart.
create table region_process (
  region_id uuid primary key,
  node_id bigint not null unique references node on delete cascade,
  -- Where its API listens.
  port integer not null,
  started_at timestamptz not null,
  -- Last sign of life; null: it has stopped in order.
  seen_at timestamptz
);
-- How much of a file each region holds: they tell it each other (/images-sync-progress/).
create table image_sync (
  file_id bigint not null references boot_resource_file on delete cascade,
  node_id bigint not null references node on delete cascade,
  size_bytes bigint not null,
  primary key (file_id, node_id)
);
