-- Hosts of virtual machines, and what was last seen of them. Machines that live in one have a row of virtual_machine.
create table vm_cluster (
  id bigint generated always as identity primary key,
  name text not null unique,
  project text not null default '',
  zone_id bigint not null default 1 references zone,
  pool_id bigint not null default 0 references resource_pool,
  created_at timestamptz not null default now()
);

create table vm_host (
  id bigint generated always as identity primary key,
  name text not null unique,
  -- virsh or lxd
  type text not null,
  -- Names the host once more: two rows of one host would each count its machines.
  power_address text not null,
  project text not null default '',
  -- Encrypted JSON, as node.power_parameters.
  power_parameters bytea not null,
  zone_id bigint not null default 1 references zone,
  pool_id bigint not null default 0 references resource_pool,
  tags text[] not null default '{}',
  cpu_over_commit_ratio double precision not null default 1,
  memory_over_commit_ratio double precision not null default 1,
  -- Id of a storage pool; null: the first.
  default_storage_pool text,
  default_macvlan_mode text,
  cluster_id bigint references vm_cluster on delete set null,
  -- The machine or controller that it runs on, where that is known.
  host_node_id bigint references node on delete set null,
  -- Rack controller that reached it last.
  rack_id bigint references node on delete set null,
  architectures text[] not null default '{}',
  capabilities text[] not null default '{}',
  version text not null default '',
  cores integer not null default 0,
  cpu_speed integer not null default 0,
  memory_mib bigint not null default 0,
  -- [{id, name, type, path, totalBytes, availableBytes}]
  storage_pools jsonb not null default '[]',
  networks text[] not null default '{}',
  refreshed_at timestamptz,
  created_at timestamptz not null default now(),
  unique (type, power_address, project)
);
create index vm_host_node on vm_host (host_node_id);

create table virtual_machine (
  id bigint generated always as identity primary key,
  vm_host_id bigint not null references vm_host on delete cascade,
  -- Name on the host, and what the host itself knows it by.
  identifier text not null,
  uuid text not null,
  project text not null default '',
  pinned_cores integer[] not null default '{}',
  unpinned_cores integer not null default 0,
  memory_mib bigint not null default 0,
  hugepages_backed boolean not null default false,
  -- [{sizeBytes, pool}]
  disks jsonb not null default '[]',
  node_id bigint unique references node on delete set null,
  -- Made by us: it is taken away with its machine.
  composed boolean not null default false,
  -- Its resources are set aside and the host was asked to make it; null once it is there.
  composing_since timestamptz,
  created_at timestamptz not null default now(),
  unique (vm_host_id, uuid)
);
