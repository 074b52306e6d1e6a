-- What racks see of machines by their address alone, many times in each boot.
create index node_boot_address on node (boot_address) where boot_address is not null;
