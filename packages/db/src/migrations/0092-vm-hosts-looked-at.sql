-- When somebody last set out to ask the host what it has, whatever came of it: of several regions one does.
alter table vm_host add looked_at timestamptz;
