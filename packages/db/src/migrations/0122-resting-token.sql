-- Credentials of an installed system while its machine runs another one (rescue mode, tests): they open nothing then, and are its
-- again when it is.
create table resting_token (
  node_id bigint primary key references node on delete cascade,
  token_key text not null unique,
  consumer_key text not null,
  secret bytea not null,
  name text not null
);
