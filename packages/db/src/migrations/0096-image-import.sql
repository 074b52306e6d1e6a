-- The import of images from boot sources: one for the whole installation.
create table image_import (
  singleton boolean primary key default true check (singleton),
  -- Grows with each start: what an import that was stopped still does is not taken for the next one's.
  run bigint not null default 0,
  -- idle, running, done, failed, stopped
  state text not null default 'idle',
  started_at timestamptz,
  finished_at timestamptz,
  -- What failed, by source, address and file.
  problems text[] not null default '{}'
);
insert into image_import default values;
-- Came from a boot source: goes when no selection covers it any more.
alter table boot_resource add column imported boolean not null default false;
