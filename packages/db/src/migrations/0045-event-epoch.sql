-- The boot that an event belongs to, so that a timeline tells this start of a machine from the one before. null: said of no boot, or
-- written before this was kept.
alter table event add boot_epoch bigint;
-- What was last seen of a machine in the boot that it waits for.
create index evidence_boot on evidence (node_id, boot_epoch, id desc);
