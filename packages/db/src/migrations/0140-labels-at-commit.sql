-- A machine's label changes when a transaction commits (0134: with each statement), so that it is locked but for that moment, and after all
-- else: who writes an event of a machine, or a result, waits for nobody who writes another, and deadlocks with none who has locked the
-- machine. What is looked up then is what will be committed. A transaction must not read kept texts of what it has written itself.

-- A transaction's own row is told by xmin, which a dump does not carry into a cluster that counts its transactions anew.
create or replace function machine_changed(id bigint) returns void language plpgsql as $$
begin
  if exists (select from machine_label l where l.node_id = id and l.xmin = pg_current_xact_id()::xid) then return; end if;
  insert into machine_label (node_id) select n.id from node n where n.id = machine_changed.id and n.node_type = 0
    on conflict (node_id) do update set label = excluded.label;
end $$;
alter table machine_label drop column changed_in;

-- The interface may be given to another machine meanwhile. Who does that changes the labels of both, and holds them until the commit: the
-- one that is the interface's after that was waited for is right. Where there was no label to wait for, the interface is waited for.
create function interface_changed(id bigint) returns void language plpgsql as $$
declare
  done bigint;
  machine bigint;
begin
  loop
    select i.node_id into machine from interface i where i.id = interface_changed.id;
    if found and machine is null then
      select i.node_id into machine from interface i where i.id = interface_changed.id for share;
    end if;
    exit when machine is null or machine = done;
    perform machine_changed(machine);
    done := machine;
  end loop;
end $$;

create or replace function document_address() returns trigger language plpgsql as $$
begin
  if tg_op <> 'INSERT' then perform interface_changed(old.interface_id); end if;
  if tg_op <> 'DELETE' and (tg_op = 'INSERT' or new.interface_id is distinct from old.interface_id) then
    perform interface_changed(new.interface_id);
  end if;
  return null;
end $$;
create or replace function document_parent() returns trigger language plpgsql as $$
begin
  if tg_op <> 'INSERT' then perform interface_changed(old.child_id); end if;
  if tg_op <> 'DELETE' and (tg_op = 'INSERT' or new.child_id <> old.child_id) then perform interface_changed(new.child_id); end if;
  return null;
end $$;

-- Whoever refers to it, and has not committed yet, is waited for: else his machines were not seen here, nor this change by him.
create or replace function document_script() returns trigger language plpgsql as $$
begin
  perform from script where id = old.id for update;
  perform machine_changed(n.id) from (select distinct s.node_id as id from script_result r join script_set s on s.id = r.set_id
    where r.script_id = old.id order by 1) n;
  return null;
end $$;
create or replace function document_vm_host() returns trigger language plpgsql as $$
begin
  perform from vm_host where id = new.id for update;
  perform machine_changed(vm.node_id) from virtual_machine vm where vm.vm_host_id = new.id and vm.node_id is not null;
  return null;
end $$;
-- A newer event stays until this is committed.
create or replace function document_event() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' then
    perform from event where node_id = old.node_id and level >= 20 and id > old.id order by id desc limit 1 for key share;
    if not found then perform machine_changed(old.node_id); end if;
  else perform machine_changed(new.node_id);
  end if;
  return null;
end $$;

-- Once for each transaction is enough.
create or replace function names_changed() returns trigger language plpgsql as $$
begin
  update name_label set label = gen_random_uuid() where xmin <> pg_current_xact_id()::xid;
  return null;
end $$;

-- The same triggers, deferred.
do $$
declare
  made record;
begin
  for made in
    select g.tgname as name, g.tgrelid::regclass as relation,
      regexp_replace(pg_get_triggerdef(g.oid), '^CREATE TRIGGER (.*) FOR EACH (ROW|STATEMENT)', 'create constraint trigger \1 deferrable initially deferred for each row') as definition
    from pg_trigger g join pg_proc p on p.oid = g.tgfoid
    where not g.tgisinternal and (p.proname like 'document\_%' or p.proname = 'names_changed')
  loop
    execute format('drop trigger %I on %s', made.name, made.relation);
    execute made.definition;
  end loop;
end $$;
