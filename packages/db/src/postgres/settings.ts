import { totalmem } from "node:os";

const MIB = 2 ** 20;
/** A sixteenth of what the host has: what 100,000 machines are searched by is some 1 GiB. It is taken as it is used. */
const sharedBuffersMib = (hostBytes: number) => Math.round(Math.min(2048, Math.max(128, hostBytes / 16 / MIB)));

/** What the server is started with, as `-c name=value`. */
export function serverSettings(options: { socketDir: string; port: number; tcp: boolean; durable: boolean }): string[] {
  const settings: Record<string, string> = {
    listen_addresses: options.tcp ? "127.0.0.1,::1" : "",
    port: String(options.port),
    unix_socket_directories: options.socketDir,
    max_connections: "200",
    shared_buffers: `${sharedBuffersMib(totalmem())}MB`,
    // Just-in-time compilation costs 100 ms and more on queries that take 1 ms.
    jit: "off",
    timezone: "UTC",
    log_timezone: "UTC",
    log_line_prefix: "%m [%p] %q%u@%d ",
    log_min_duration_statement: "1000",
    log_lock_waits: "on",
  };
  if (!options.durable) {
    Object.assign(settings, {
      fsync: "off",
      synchronous_commit: "off",
      full_page_writes: "off",
      autovacuum_naptime: "5min",
    });
  }
  return Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
}
