-- Allocating made it: it is taken away again when its machine is released.
alter table virtual_machine add column dynamic boolean not null default false;
-- No machine needs it any more: it is to be taken away from its host. Its resources count until it is.
alter table virtual_machine add column unwanted_since timestamptz;
create index virtual_machine_unwanted on virtual_machine (vm_host_id) where unwanted_since is not null;
