-- What happened to a machine is still asked for when the machine is gone: its name and who did it are in the row.
alter table event drop constraint event_node_id_fkey;
alter table event add foreign key (node_id) references node on delete set null;
