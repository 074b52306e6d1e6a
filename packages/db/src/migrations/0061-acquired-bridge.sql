-- A bridge that its user put over an interface of an allocated machine: it goes when the machine is released.
alter table interface add acquired boolean not null default false;
