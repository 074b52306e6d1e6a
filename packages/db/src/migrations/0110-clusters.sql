-- What API 1.0 knows of rack controllers and subnets beyond the model of 2.0.

-- A rack controller as a cluster. Made when API 1.0 is first asked for it.
create table cluster (
  rack_id bigint primary key references node on delete cascade,
  uuid uuid not null unique default gen_random_uuid(),
  cluster_name text not null unique,
  -- 0 pending, 1 accepted, 2 rejected
  status smallint not null default 1 check (status between 0 and 2)
);

-- What is served on one of its networks: its network is a subnet, what DHCP hands out a range of that.
create table cluster_interface (
  rack_id bigint not null references cluster on delete cascade,
  name text not null,
  ip inet not null,
  -- 0 nothing, 1 DHCP, 2 DHCP and DNS
  management smallint not null default 0 check (management between 0 and 2),
  subnet_mask inet,
  broadcast_ip inet,
  router_ip inet,
  ip_range_low inet,
  ip_range_high inet,
  subnet_id bigint references subnet on delete set null,
  range_id bigint references ip_range on delete set null,
  primary key (rack_id, name)
);

-- Names of subnets as networks; one without a row is subnet-ID.
create table network_name (
  subnet_id bigint primary key references subnet on delete cascade,
  name text not null unique,
  description text not null default '',
  -- The VLAN was made for it, and goes with it when it is empty.
  made_vlan boolean not null default false
);

-- Interfaces that are on a network beyond their links: there a MAC address may be on several, of any VLAN.
create table interface_network (
  interface_id bigint not null references interface on delete cascade,
  subnet_id bigint not null references subnet on delete cascade,
  primary key (interface_id, subnet_id)
);
create index interface_network_subnet on interface_network (subnet_id);

-- What a cluster's worker reports.
create table cluster_boot_image (
  id bigint generated always as identity primary key,
  rack_id bigint not null references cluster on delete cascade,
  osystem text not null,
  architecture text not null,
  subarchitecture text not null,
  release text not null,
  purpose text not null,
  label text not null,
  supported_subarches text not null default '',
  unique (rack_id, osystem, architecture, subarchitecture, release, purpose, label)
);
create table cluster_download (
  id bigint generated always as identity primary key,
  rack_id bigint not null references cluster on delete cascade,
  filename text not null,
  size_bytes bigint,
  bytes_downloaded bigint,
  error text not null default '',
  created_at timestamptz not null,
  updated_at timestamptz not null
);
create index cluster_download_file on cluster_download (rack_id, filename, id desc);
create table cluster_lease (
  rack_id bigint not null references cluster on delete cascade,
  ip inet not null,
  mac macaddr not null,
  primary key (rack_id, ip)
);

-- Routers that lldp saw, by MAC address.
alter table node add column routers text[] not null default '{}';
-- Disk space as somebody stated it, of a machine whose disks were not looked at.
alter table node add column stated_storage_mb integer;
-- The cluster that a machine was put into where its network does not tell.
alter table node add column stated_cluster_id bigint references node on delete set null;
