/** Asks a network which DHCP servers answer on it. */
import { randomInt } from "node:crypto";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { decodeOffer, encodeDiscover } from "@rackwright/wire/dhcp/probe";

const SERVER_PORT = 67;
const CLIENT_PORT = 68;
const BROADCAST = "255.255.255.255";
/** Servers that ping an address before they offer it take 1 to 3 s. */
const WAIT_MS = 5_000;
/** A packet may be lost; the second one goes out half-way. */
const TRIES = 2;
/** More on one network are somebody's forgeries: anybody can answer. */
const MOST_SERVERS = 16;

export interface ProbedInterface {
  mac: string;
  /** IPv4, without prefix length. */
  address: string;
}

/**
 * Server identifiers of those that offered an address, each once, in order.
 * @throws the socket's error: EACCES where this process may not use port 68, EADDRINUSE where somebody keeps it for himself
 */
export async function probeDhcp(
  { mac, address }: ProbedInterface,
  options: { waitMs?: number; signal?: AbortSignal } = {},
): Promise<string[]> {
  const xid = randomInt(2 ** 32);
  const servers = new Set<string>();
  const listen = async (local: string): Promise<Socket> => {
    const socket = createSocket({ type: "udp4", reuseAddr: true });
    socket.on("message", (bytes) => {
      const offer = decodeOffer(bytes, xid);
      if (offer && servers.size < MOST_SERVERS) servers.add(offer.server);
    });
    const ready = once(socket, "listening");
    socket.bind({ address: local, port: CLIENT_PORT, exclusive: true });
    await ready.catch((error: unknown) => {
      socket.close();
      throw error;
    });
    socket.on("error", () => {}); // one that fails later hears nothing, and that is the answer
    return socket;
  };
  // Answers are broadcasts. The kernel sends a broadcast out of the interface that has the sender's address (Linux, ip_route_output).
  const receiver = await listen(BROADCAST);
  const sender = await listen(address).catch((error: unknown) => {
    receiver.close();
    throw error;
  });
  try {
    sender.setBroadcast(true);
    const message = encodeDiscover({ xid, mac });
    for (let i = 0; i < TRIES; i += 1) {
      await new Promise<void>((resolve, reject) =>
        sender.send(message, SERVER_PORT, BROADCAST, (error) => (error ? reject(error) : resolve())),
      );
      await delay((options.waitMs ?? WAIT_MS) / TRIES, undefined, options.signal ? { signal: options.signal } : {});
    }
  } finally {
    receiver.close();
    sender.close();
  }
  return [...servers].sort();
}
