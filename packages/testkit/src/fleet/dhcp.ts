/** How a machine gets its address, as the log of a DHCP server shows it: the words are Kea's. */
import type { EmulatedMachine } from "./machine.ts";

/** One line of that log. */
export interface DhcpSeen {
  mac: string;
  what: "discover" | "offer" | "request" | "ack" | "decline" | "dropped" | "no_lease";
  address?: string;
  log: string;
  /** Milliseconds since 1970. */
  at: number;
}

/** Tries of a firmware before it gives up. */
const TRIES = 3;
/** RFC 2131 section 4.1: the first of the pauses that double. */
const UNANSWERED_SECONDS = 4;
/** RFC 2131 section 3.1: who declined an address waits so long before it asks again. */
const DECLINED_SECONDS = 10;

/** Ask for an address. @returns whether what was answered leads to a rack of ours */
export async function askForAddress(machine: EmulatedMachine): Promise<boolean> {
  const tell = teller(machine);
  const { ip } = machine.hardware;
  if (machine.has("dhcp", "old-lease")) {
    // A system that has started asks for the address that it had (RFC 2131 section 3.2); firmware has none to ask for.
    tell("request", ip);
    tell("ack", ip);
    return false;
  }
  if (machine.has("dhcp", "declined")) {
    for (let i = 0; i < TRIES; i++) {
      acquire(tell, ip);
      tell("decline", ip);
      await machine.wait(DECLINED_SECONDS);
    }
    return false;
  }
  if (machine.has("dhcp", "exhausted")) {
    for (let i = 0; i < TRIES; i++) {
      tell("discover");
      tell("no_lease");
      await machine.wait(UNANSWERED_SECONDS);
    }
    return false;
  }
  if (machine.has("dhcp", "foreign")) {
    tell("discover");
    tell("offer", ip);
    tell("request");
    tell("dropped");
    return false;
  }
  acquire(tell, ip);
  return true;
}

type Tell = (what: DhcpSeen["what"], address?: string) => void;

function acquire(tell: Tell, ip: string): void {
  tell("discover");
  tell("offer", ip);
  tell("request", ip);
  tell("ack", ip);
}

const words: Record<DhcpSeen["what"], (client: string, address: string) => string> = {
  discover: (client) => `DHCP4_PACKET_RECEIVED ${client}: DHCPDISCOVER (type 1) received on interface emulated`,
  offer: (client, address) => `DHCP4_LEASE_ADVERT ${client}: lease ${address} will be advertised`,
  request: (client) => `DHCP4_PACKET_RECEIVED ${client}: DHCPREQUEST (type 3) received on interface emulated`,
  ack: (client, address) => `DHCP4_LEASE_ALLOC ${client}: lease ${address} has been allocated for 600 seconds`,
  decline: (client) => `DHCP4_PACKET_RECEIVED ${client}: DHCPDECLINE (type 4) received on interface emulated`,
  no_lease: (client) =>
    `ALLOC_ENGINE_V4_ALLOC_FAIL_SHARED_NETWORK ${client}: failed to allocate an IPv4 address in the shared network emulated: 0 subnets have no available addresses`,
  dropped: (client) =>
    `DHCP4_PACKET_DROP_0003 ${client}, from interface emulated: it contains a foreign server identifier`,
};

function teller(machine: EmulatedMachine): Tell {
  const { mac } = machine;
  const client = `[hwtype=1 ${mac}], cid=[no info], tid=0x${mac.replaceAll(":", "").slice(-8)}`;
  return (what, address) =>
    machine.world.onDhcp?.({
      mac,
      what,
      ...(address === undefined ? {} : { address }),
      log: words[what](client, address ?? ""),
      at: Date.now(),
    });
}
