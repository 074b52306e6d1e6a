-- What the next deploy of this machine installs when it is told nothing else: osystem, distroSeries, hweKernel. Used up by it.
alter table node add column deploy_preset jsonb not null default '{}';
