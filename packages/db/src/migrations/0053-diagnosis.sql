-- What a diagnosis found when a machine failed. The world goes on (racks come back, the power goes off); why it failed does not change.
create table failure_finding (
  node_id bigint primary key references node on delete cascade,
  -- The machine's status_since of that failure: of a later status it says nothing.
  failed_at timestamptz not null,
  -- Finding of packages/domain/src/diagnosis/case.ts: code, summary, expected, checks.
  finding jsonb not null
);
