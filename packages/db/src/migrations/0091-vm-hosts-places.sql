-- A zone or pool that is deleted leaves its VM hosts in the default one.
alter table vm_host drop constraint vm_host_zone_id_fkey, drop constraint vm_host_pool_id_fkey,
  add foreign key (zone_id) references zone on delete set default,
  add foreign key (pool_id) references resource_pool on delete set default;
alter table vm_cluster drop constraint vm_cluster_zone_id_fkey, drop constraint vm_cluster_pool_id_fkey,
  add foreign key (zone_id) references zone on delete set default,
  add foreign key (pool_id) references resource_pool on delete set default;
-- When the host was known to have it, by its own word: one that it does not name any more, asked later than that, is gone.
alter table virtual_machine add confirmed_at timestamptz;
