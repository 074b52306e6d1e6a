/** What is told of cards whose link is not what it should be: they may be configured all the same. */
import { event, type EventRecord } from "../machine/event.ts";
import type { Nic } from "./nic.ts";

export type LinkFacts = Pick<Nic, "name" | "linkConnected" | "linkSpeed" | "interfaceSpeed">;

/** For an interface that is configured now. */
export function unpluggedWarnings(nic: LinkFacts): EventRecord[] {
  if (nic.linkConnected) return [];
  return [
    event(
      "NODE_WARNED",
      `Interface ${nic.name} was configured, and is not connected: check its cable, then state link_connected=true or commission the machine again.`,
    ),
  ];
}

/** For an interface whose speeds have just been stated or seen. Speeds in Mbit/s; 0: nobody knows. */
export function slowLinkWarnings(nic: LinkFacts): EventRecord[] {
  const { name, linkConnected, linkSpeed, interfaceSpeed } = nic;
  if (!linkConnected || linkSpeed === 0 || linkSpeed >= interfaceSpeed) return [];
  return [
    event(
      "NODE_WARNED",
      `Interface ${name} is linked at ${linkSpeed} Mbit/s and can do ${interfaceSpeed} Mbit/s: check its cable and its port of the switch.`,
    ),
  ];
}
