-- Machines are searched by parts of words, and listed page by page in several orders. In contrib of every PostgreSQL; trusted, so that
-- whoever may create schemas in the database may create it.
create extension if not exists pg_trgm;

-- Parts of words: contains, whatever the letters' case.
create index node_hostname_parts on node using gin (lower(hostname) gin_trgm_ops) where node_type = 0;
create index interface_mac_parts on interface using gin (text(mac) gin_trgm_ops);
create index ip_address_parts on ip_address using gin (host(ip) gin_trgm_ops);
create index node_metadata_parts on node_metadata using gin (lower(value) gin_trgm_ops)
  where key in ('system_serial', 'mainboard_serial', 'chassis_serial', 'system_vendor', 'system_product');

-- Orders of pages: each ends with the id, so that a place in it is one machine.
create index node_by_name on node (lower(hostname) collate "C", id) where node_type = 0;
create index node_by_since on node (status_since, id) where node_type = 0;
create index node_by_created on node (created_at, id) where node_type = 0;
create index node_by_cpu on node (cpu_count, id) where node_type = 0;
create index node_by_memory on node (memory_mib, id) where node_type = 0;
create index node_by_status on node (status, id) where node_type = 0;
drop index node_status;

-- What few machines have: found without walking through all in order.
create index node_zone on node (zone_id);
create index node_pool on node (pool_id);
