-- What was asked of the devices to be tested (storage=sda): chosen again when the machine's hardware is known better.
alter table script_set add params jsonb not null default '{}';
