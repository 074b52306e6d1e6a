/** Two ways to find out who is on a wire. Both leave the answer in the kernel's table of neighbours. */
import { execFile } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";

/** discard (RFC 863): what listens there throws it away, what does not answers with ICMP at most. */
const DISCARD_PORT = 9;
const PING = { packets: 3, everySeconds: 0.2, deadlineSeconds: 1 };

/** To send anything to an address on a wire, the kernel asks by ARP who has it (RFC 826): no privileges and no tool are needed. */
export async function askByArp(from: string, addresses: readonly string[]): Promise<void> {
  const socket = createSocket({ type: "udp4" });
  socket.on("error", () => {}); // an address that nobody has
  try {
    const ready = once(socket, "listening");
    socket.bind({ address: from, port: 0, exclusive: true });
    await ready;
    for (const address of addresses)
      await new Promise<void>((resolve) => socket.send(Buffer.alloc(0), DISCARD_PORT, address, () => resolve()));
  } finally {
    socket.close();
  }
}

/** @returns whether it answered */
export function ping(from: string, address: string, signal: AbortSignal): Promise<boolean> {
  const { packets, everySeconds, deadlineSeconds } = PING;
  const words = ["-n", "-q", "-c", packets, "-i", everySeconds, "-w", deadlineSeconds, "-I", from, address].map(String);
  return new Promise((resolve) => {
    execFile("ping", words, { signal, timeout: 5_000 }, (error) => resolve(error === null));
  });
}

export function canPing(): Promise<boolean> {
  return new Promise((resolve) => {
    execFile("ping", ["-V"], { timeout: 5_000 }, (error) => resolve(error === null));
  });
}
