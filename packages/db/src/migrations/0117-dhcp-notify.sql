-- What DHCP has to look at again is told when a change commits, on the channel dhcp: 'vlan ID', 'mac ADDRESS', or 'all'. A row that a
-- VLAN or an address is no longer of tells it of both. Nobody who listens: the sweep finds it (apps/region/src/reconcile/dhcp.ts).

create function dhcp_vlan() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' and (old.mtu, old.dhcp_on, old.primary_rack_id, old.relay_vlan_id)
    is not distinct from (new.mtu, new.dhcp_on, new.primary_rack_id, new.relay_vlan_id) then return null; end if;
  perform pg_notify('dhcp', 'vlan ' || coalesce(new.id, old.id));
  return null;
end $$;
create trigger dhcp_vlan after insert or update or delete on vlan for each row execute function dhcp_vlan();

create function dhcp_subnet() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' and (old.vlan_id, old.cidr, old.gateway_ip, old.dns_servers, old.allow_dns, old.managed, old.disabled_boot_architectures)
    is not distinct from (new.vlan_id, new.cidr, new.gateway_ip, new.dns_servers, new.allow_dns, new.managed, new.disabled_boot_architectures)
    then return null; end if;
  if tg_op <> 'INSERT' then perform pg_notify('dhcp', 'vlan ' || old.vlan_id); end if;
  if tg_op <> 'DELETE' then perform pg_notify('dhcp', 'vlan ' || new.vlan_id); end if;
  return null;
end $$;
create trigger dhcp_subnet after insert or update or delete on subnet for each row execute function dhcp_subnet();

create function dhcp_ip_range() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' and (old.subnet_id, old.type, old.start_ip, old.end_ip)
    is not distinct from (new.subnet_id, new.type, new.start_ip, new.end_ip) then return null; end if;
  -- Of a subnet that goes with it, the subnet tells.
  perform pg_notify('dhcp', 'vlan ' || vlan_id) from subnet where id = old.subnet_id or id = new.subnet_id;
  return null;
end $$;
create trigger dhcp_ip_range after insert or update or delete on ip_range for each row execute function dhcp_ip_range();

-- Addresses that are reserved for somebody (auto, sticky, user reserved); what was merely observed is no reservation. Those of a rack
-- decide which networks it serves.
create function dhcp_ip_address() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' and (old.alloc_type, old.ip, old.subnet_id, old.interface_id)
    is not distinct from (new.alloc_type, new.ip, new.subnet_id, new.interface_id) then return null; end if;
  perform pg_notify('dhcp', case when n.node_type in (2, 4) then 'all' else 'mac ' || i.mac end)
  from interface i left join node n on n.id = i.node_id
  where i.mac is not null and ((i.id = old.interface_id and old.ip is not null and (old.alloc_type in (0, 1, 4) or n.node_type in (2, 4)))
    or (i.id = new.interface_id and new.ip is not null and (new.alloc_type in (0, 1, 4) or n.node_type in (2, 4))));
  return null;
end $$;
create trigger dhcp_ip_address after insert or update or delete on ip_address for each row execute function dhcp_ip_address();

create function dhcp_reserved_ip() returns trigger language plpgsql as $$
begin
  if tg_op <> 'INSERT' then perform pg_notify('dhcp', 'mac ' || old.mac); end if;
  if tg_op <> 'DELETE' then perform pg_notify('dhcp', 'mac ' || new.mac); end if;
  return null;
end $$;
create trigger dhcp_reserved_ip after insert or update or delete on reserved_ip for each row execute function dhcp_reserved_ip();

create function dhcp_interface() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' and (old.mac, old.type, old.node_id, old.vlan_id, old.name)
    is not distinct from (new.mac, new.type, new.node_id, new.vlan_id, new.name) then return null; end if;
  if exists (select from node n where n.id in (old.node_id, new.node_id) and n.node_type in (2, 4)) then
    perform pg_notify('dhcp', 'all');
    return null;
  end if;
  if old.mac is not null then perform pg_notify('dhcp', 'mac ' || old.mac); end if;
  if new.mac is not null then perform pg_notify('dhcp', 'mac ' || new.mac); end if;
  return null;
end $$;
create trigger dhcp_interface after insert or update or delete on interface for each row execute function dhcp_interface();

create function dhcp_node() returns trigger language plpgsql as $$
begin
  if old.node_type in (2, 4) or new.node_type in (2, 4) then perform pg_notify('dhcp', 'all'); end if;
  perform pg_notify('dhcp', 'mac ' || mac) from interface where node_id = new.id and mac is not null;
  return null;
end $$;
create trigger dhcp_node after update of hostname, node_type on node for each row
  when ((old.hostname, old.node_type) is distinct from (new.hostname, new.node_type)) execute function dhcp_node();

-- Seldom, and it may concern every network.
create function dhcp_all() returns trigger language plpgsql as $$
begin
  perform pg_notify('dhcp', 'all');
  return null;
end $$;
create trigger dhcp_snippet after insert or update or delete on dhcp_snippet for each statement execute function dhcp_all();
create trigger dhcp_snippet_revision after insert or update or delete on dhcp_snippet_revision for each statement execute function dhcp_all();

-- The unique ones of physical and unknown interfaces are no help to whoever asks for a MAC address of either.
create index interface_mac on interface (mac);
