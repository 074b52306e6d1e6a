-- How far the machines of a tag's definition have been found: one row for each tag that has, or had, a definition.
create table tag_evaluation (
  tag_id bigint primary key references tag on delete cascade,
  -- Grows with each definition and each rebuild: what was found for an earlier one is not written any more.
  generation integer not null default 1,
  state text not null default 'waiting' check (state in ('waiting', 'running', 'done', 'failed')),
  -- Nodes up to this id are done.
  position bigint not null default 0,
  -- Nodes that there were at the start; those looked at since; of these, those that match, and those whose document is no XML.
  total integer not null default 0,
  done integer not null default 0,
  matched integer not null default 0,
  unreadable integer not null default 0,
  error text,
  wanted_at timestamptz not null default now(),
  started_at timestamptz,
  finished_at timestamptz
);
