-- Names that many machines show: a region keeps them in memory, and asks with each page whether they are still the same.
create table name_label (
  only_one boolean primary key default true check (only_one),
  label uuid not null default gen_random_uuid()
);
insert into name_label default values;

-- New ones are of no machine yet, and what is gone of none any more.
create function names_changed() returns trigger language plpgsql as $$
begin
  update name_label set label = gen_random_uuid();
  return null;
end $$;
create trigger names_changed after update of name on zone for each statement execute function names_changed();
create trigger names_changed after update of name on resource_pool for each statement execute function names_changed();
create trigger names_changed after update of name on domain for each statement execute function names_changed();
create trigger names_changed after update of name on tag for each statement execute function names_changed();
create trigger names_changed after update of username on app_user for each statement execute function names_changed();
