export const LEASE_CHANNEL = "rackwright_lease4";

/**
 * Says every change of a lease at commit, which is no later than the client's ACK: 0.6 to 0.8 ms after its REQUEST, without a process
 * being started. Nobody hears what is said while nobody listens: see `leases.ts`. A renewal is an update.
 */
export const LEASE_TRIGGER_SQL = `
create or replace function rackwright_lease4_notify() returns trigger language plpgsql as $$
declare r lease4;
begin
  r := case when tg_op = 'DELETE' then old else new end;
  perform pg_notify('${LEASE_CHANNEL}', json_build_object(
    'op', lower(tg_op), 'ip', host('0.0.0.0'::inet + r.address), 'mac', encode(r.hwaddr, 'hex'), 'subnetId', r.subnet_id,
    'state', r.state, 'hostname', r.hostname, 'seconds', r.valid_lifetime, 'expires', extract(epoch from r.expire)::bigint)::text);
  return null;
end $$;
create or replace trigger rackwright_lease4 after insert or update or delete on lease4
  for each row execute function rackwright_lease4_notify();`;
