create table config (
  name text primary key,
  value jsonb not null
);

create table app_user (
  id bigint generated always as identity primary key,
  username text not null unique,
  email text not null default '',
  -- scrypt, see region/src/auth/password.ts; null: may not log in with a password
  password_hash text,
  is_superuser boolean not null default false,
  is_active boolean not null default true,
  created_at timestamptz not null default now()
);

create table ssh_key (
  id bigint generated always as identity primary key,
  user_id bigint not null references app_user on delete cascade,
  key text not null,
  keysource text not null default '',
  created_at timestamptz not null default now(),
  unique (user_id, key)
);

-- Requests already seen, for as long as their timestamp would still be taken. Unlogged: after a crash the timestamps are old.
create unlogged table oauth_nonce (
  token_key text not null,
  nonce text not null,
  at timestamptz not null default now(),
  primary key (token_key, nonce)
);
create index oauth_nonce_at on oauth_nonce (at);
