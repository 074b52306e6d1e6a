-- Each machine's JSON as replies show it, kept until something of the machine changes. Unlogged: what a crash of the server takes is made
-- again from the rows.

-- A machine has another label after each transaction that changed what a reply shows of it, whoever wrote what: so says the database itself,
-- by the triggers below. No reference to node: it would lock the node, and fail beside its removal.
create unlogged table machine_label (
  node_id bigint primary key,
  label uuid not null default gen_random_uuid(),
  changed_in xid8 not null default pg_current_xact_id()
) with (fillfactor = 50);

-- Of use as long as the machine has the label that it had in the snapshot which the text was made from. What many machines share is not in
-- it, but holes that are filled when it is sent.
create unlogged table machine_document (
  node_id bigint not null,
  kind text not null,
  label uuid not null,
  text text not null,
  primary key (node_id, kind)
);
-- PostgreSQL's own compression takes ten times as long as writing a text as it is.
alter table machine_document alter column text set storage external;

create function machine_changed(id bigint) returns void language plpgsql as $$
begin
  if exists (select from machine_label where node_id = id and changed_in = pg_current_xact_id()) then return; end if;
  insert into machine_label (node_id) select n.id from node n where n.id = machine_changed.id and n.node_type = 0
    on conflict (node_id) do update set label = excluded.label, changed_in = excluded.changed_in;
end $$;

-- The machine itself; when its power was last asked is read with each page, so that asking costs no document.
create function document_node() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' then
    delete from machine_label where node_id = old.id;
    delete from machine_document where node_id = old.id;
    return null;
  end if;
  if tg_op = 'UPDATE' then old.power_checked_at := new.power_checked_at; end if;
  if old is distinct from new then perform machine_changed(new.id); end if;
  return null;
end $$;
create trigger document_node after insert or update or delete on node for each row execute function document_node();
insert into machine_label (node_id) select id from node where node_type = 0;

-- What belongs to a node.
create function document_part() returns trigger language plpgsql as $$
begin
  if tg_op <> 'INSERT' and old.node_id is not null then perform machine_changed(old.node_id); end if;
  if tg_op <> 'DELETE' and new.node_id is not null then perform machine_changed(new.node_id); end if;
  return null;
end $$;
create trigger document_part after insert or update or delete on interface for each row execute function document_part();
create trigger document_part after insert or update or delete on block_device for each row execute function document_part();
create trigger document_part after insert or update or delete on filesystem for each row execute function document_part();
create trigger document_part after insert or update or delete on storage_group for each row execute function document_part();
create trigger document_part after insert or update or delete on cache_set for each row execute function document_part();
create trigger document_part after insert or update or delete on numa_node for each row execute function document_part();
create trigger document_part after insert or update or delete on node_metadata for each row execute function document_part();
create trigger document_part after insert or update or delete on node_tag for each row execute function document_part();
create trigger document_part after insert or update or delete on virtual_machine for each row execute function document_part();
create trigger document_part after insert or delete on script_set for each row execute function document_part();

-- What belongs to an interface, a disk or a run of scripts of a node. Where that is gone too, its own trigger has said so.
create function document_address() returns trigger language plpgsql as $$
begin
  if tg_op <> 'INSERT' then perform machine_changed(i.node_id) from interface i where i.id = old.interface_id and i.node_id is not null; end if;
  if tg_op <> 'DELETE' then perform machine_changed(i.node_id) from interface i where i.id = new.interface_id and i.node_id is not null; end if;
  return null;
end $$;
create trigger document_address after insert or update or delete on ip_address for each row execute function document_address();

create function document_parent() returns trigger language plpgsql as $$
begin
  if tg_op <> 'INSERT' then perform machine_changed(i.node_id) from interface i where i.id = old.child_id and i.node_id is not null; end if;
  if tg_op <> 'DELETE' then perform machine_changed(i.node_id) from interface i where i.id = new.child_id and i.node_id is not null; end if;
  return null;
end $$;
create trigger document_parent after insert or update or delete on interface_parent for each row execute function document_parent();

create function document_partition() returns trigger language plpgsql as $$
begin
  if tg_op <> 'INSERT' then perform machine_changed(b.node_id) from block_device b where b.id = old.block_device_id; end if;
  if tg_op <> 'DELETE' then perform machine_changed(b.node_id) from block_device b where b.id = new.block_device_id; end if;
  return null;
end $$;
create trigger document_partition after insert or update or delete on partition for each row execute function document_partition();

-- Of a result its state counts, not what it has printed.
create function document_result() returns trigger language plpgsql as $$
begin
  if tg_op <> 'INSERT' then perform machine_changed(s.node_id) from script_set s where s.id = old.set_id; end if;
  if tg_op <> 'DELETE' then perform machine_changed(s.node_id) from script_set s where s.id = new.set_id; end if;
  return null;
end $$;
create trigger document_result after insert or delete on script_result for each row execute function document_result();
create trigger document_result_moved after update on script_result for each row
  when ((old.set_id, old.script_id, old.name, old.status, old.suppressed, old.block_device_id, old.interface_id) is distinct from
    (new.set_id, new.script_id, new.name, new.status, new.suppressed, new.block_device_id, new.interface_id))
  execute function document_result();

create function document_script() returns trigger language plpgsql as $$
begin
  perform machine_changed(n.id) from (select distinct s.node_id as id from script_result r join script_set s on s.id = r.set_id
    where r.script_id = old.id order by 1) n;
  return null;
end $$;
create trigger document_script after update on script for each row
  when (old.hardware_type is distinct from new.hardware_type) execute function document_script();

-- Only the newest event of a machine is shown, of level info or worse.
create function document_event() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then perform machine_changed(new.node_id);
  elsif not exists (select from event where node_id = old.node_id and level >= 20 and id > old.id) then perform machine_changed(old.node_id);
  end if;
  return null;
end $$;
create trigger document_event after insert on event for each row when (new.level >= 20 and new.node_id is not null) execute function document_event();
create trigger document_event_gone after delete on event for each row when (old.level >= 20 and old.node_id is not null) execute function document_event();

-- The VM host that a machine lives on.
create function document_vm_host() returns trigger language plpgsql as $$
begin
  perform machine_changed(vm.node_id) from virtual_machine vm where vm.vm_host_id = new.id and vm.node_id is not null;
  return null;
end $$;
create trigger document_vm_host after update on vm_host for each row
  when ((old.name, old.host_node_id) is distinct from (new.name, new.host_node_id)) execute function document_vm_host();
