-- Deployments that end in a VM host.
alter table node
  add column install_kvm boolean not null default false,
  -- Sealed; of the user that the deployed system makes, until the VM host has it.
  add column vm_host_password bytea;
