-- What belongs to the installation as a whole.
create table installation (
  singleton boolean primary key default true check (singleton),
  uuid uuid not null default gen_random_uuid(),
  created_at timestamptz not null default now()
);
