-- Whether its machines are emulated; null until the first start has said so. One that has users is from before there were any.
alter table installation add simulated boolean;
insert into installation (simulated) select false where exists (select from app_user)
  on conflict (singleton) do update set simulated = false;

-- The switch of an emulated machine, in place of its BMC. Only a simulated installation has rows.
create table simulated_power (
  node_id bigint primary key references node on delete cascade,
  state text not null default 'off' check (state in ('on', 'off')),
  -- How often it went from off to on: names one start of the machine.
  starts integer not null default 0,
  -- The start that a simulator plays now.
  playing integer,
  -- For machines that are switched by hand: the boot for which the simulator walked there last.
  by_hand_epoch integer,
  -- How its BMC misbehaves; null: it does not.
  bmc text,
  changed_at timestamptz not null default now()
);
-- What a simulator has to do: start those that run unplayed, stop those that are played and off.
create index simulated_power_due on simulated_power (changed_at)
  where (state = 'on' and playing is distinct from starts) or (state = 'off' and playing is not null);
