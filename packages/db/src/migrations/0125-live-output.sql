-- What scripts print while they run, the newest pieces of each. Unlogged: the upload at the end is what counts, and a crash of the server
-- costs those who are looking on a gap.
create unlogged table script_live_output (
  result_id bigint not null references script_result on delete cascade,
  -- place of the first byte in all that the script has printed
  start_at bigint not null,
  data bytea not null,
  primary key (result_id, start_at)
);

-- Whoever follows a run hears of each status on the channel script_output, by the id of the run; of pieces tells who stores them. What does
-- not run any more has its output, or begins anew.
create function script_result_moved() returns trigger language plpgsql as $$
begin
  if new.status not in (1, 7, 10) then delete from script_live_output where result_id = new.id; end if;
  perform pg_notify('script_output', new.set_id::text);
  return null;
end $$;
create trigger script_result_moved after update of status on script_result for each row
  when (old.status is distinct from new.status) execute function script_result_moved();
