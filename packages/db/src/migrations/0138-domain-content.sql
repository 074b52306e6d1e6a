-- How much is in each domain: each machine shows it of its domain, and counting takes longer the more machines there are. A sum, so that
-- nobody who adds a machine waits for another.
create table domain_content (
  domain_id bigint not null,
  delta bigint not null
);
create index domain_content_domain on domain_content (domain_id) include (delta);

create function domain_grew(domain bigint, n bigint) returns void language plpgsql as $$
begin
  if n = 0 then return; end if;
  insert into domain_content values (domain, n);
  -- Now and then many are made one; those that another makes one just now are left to it.
  if random() < 0.02 then
    with gone as (
      delete from domain_content where ctid = any(array(
        select ctid from domain_content where domain_id = domain for update skip locked)) returning delta)
    insert into domain_content select domain, sum(delta) from gone having count(*) > 0;
  end if;
end $$;

create function domain_has_nodes() returns trigger language plpgsql as $$
begin
  perform domain_grew(domain_id, case tg_op when 'INSERT' then count(*) else -count(*) end) from changed group by domain_id;
  return null;
end $$;
create trigger domain_node_added after insert on node referencing new table as changed for each statement execute function domain_has_nodes();
create trigger domain_node_removed after delete on node referencing old table as changed for each statement execute function domain_has_nodes();

create function domain_moved_node() returns trigger language plpgsql as $$
begin
  perform domain_grew(old.domain_id, -1);
  perform domain_grew(new.domain_id, 1);
  return null;
end $$;
create trigger domain_node_moved after update of domain_id on node for each row when (old.domain_id <> new.domain_id) execute function domain_moved_node();

-- Addresses and records of a name; of a name that goes with them, see below.
create function domain_has_content() returns trigger language plpgsql as $$
begin
  perform domain_grew(r.domain_id, case tg_op when 'INSERT' then count(*) else -count(*) end)
    from changed c join dns_resource r on r.id = c.resource_id group by r.domain_id;
  return null;
end $$;
create trigger domain_content_added after insert on dns_resource_address referencing new table as changed for each statement execute function domain_has_content();
create trigger domain_content_removed after delete on dns_resource_address referencing old table as changed for each statement execute function domain_has_content();
create trigger domain_content_added after insert on dns_record referencing new table as changed for each statement execute function domain_has_content();
create trigger domain_content_removed after delete on dns_record referencing old table as changed for each statement execute function domain_has_content();

create function domain_name_moved() returns trigger language plpgsql as $$
declare
  n bigint := (select count(*) from dns_resource_address where resource_id = old.id) + (select count(*) from dns_record where resource_id = old.id);
begin
  perform domain_grew(old.domain_id, -n);
  if tg_op = 'UPDATE' then perform domain_grew(new.domain_id, n); return new; end if;
  return old;
end $$;
create trigger domain_name_moved before update of domain_id on dns_resource for each row when (old.domain_id <> new.domain_id) execute function domain_name_moved();
create trigger domain_name_gone before delete on dns_resource for each row execute function domain_name_moved();

create function domain_gone() returns trigger language plpgsql as $$
begin
  delete from domain_content where domain_id = old.id;
  return null;
end $$;
create trigger domain_gone after delete on domain for each row execute function domain_gone();

insert into domain_content
  select domain_id, sum(n) from (
    select domain_id, count(*) as n from node group by 1
    union all select r.domain_id, count(*) from dns_resource_address a join dns_resource r on r.id = a.resource_id group by 1
    union all select r.domain_id, count(*) from dns_record d join dns_resource r on r.id = d.resource_id group by 1) c group by 1;
