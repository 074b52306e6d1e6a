/** A port for a server that cannot choose one itself, or that is to come back to the one it had. */
import { randomInt } from "node:crypto";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";

const LOWEST = 10_000;
const TRIES = 100;

/**
 * Free now, and none that the kernel gives to anybody by itself: while a server is away its clients still connect, and such a connection
 * may be given the server's own port to come from, which then cannot come back to it.
 */
export async function freePort(protocol: "tcp" | "udp" = "tcp", host = "127.0.0.1"): Promise<number> {
  const beyond = lowestGivenPort();
  for (let tries = 1; ; tries++) {
    const port = randomInt(LOWEST, beyond);
    try {
      await (protocol === "tcp" ? tryTcp(port, host) : tryUdp(port, host));
      return port;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE" || tries === TRIES) throw error;
    }
  }
}

/** Linux gives ports from here on to whoever connects without choosing one. */
function lowestGivenPort(): number {
  const [low = 0] = readFileSync("/proc/sys/net/ipv4/ip_local_port_range", "utf8").split(/\s+/).map(Number);
  return low > LOWEST ? low : 65_536;
}

async function tryTcp(port: number, host: string): Promise<void> {
  const server = createServer().listen(port, host);
  await once(server, "listening");
  server.close();
  await once(server, "close");
}

async function tryUdp(port: number, host: string): Promise<void> {
  const socket = createSocket("udp4");
  socket.bind(port, host);
  await once(socket, "listening");
  socket.close();
  await once(socket, "close");
}
