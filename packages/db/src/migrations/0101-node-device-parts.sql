-- What of the machine's record a device is: its card's first port, its disk.
alter table node_device add column mac macaddr;
alter table node_device add column disk_name text;
-- Of zones that are answered for: no lower one is given out after it.
create table dns_serial (
  singleton boolean primary key default true check (singleton),
  serial bigint not null check (serial between 1 and 4294967295)
);
