-- Huge pages of each size that the node had set aside when it was commissioned: pageSize and total, in bytes.
alter table numa_node add column hugepages jsonb not null default '[]';
