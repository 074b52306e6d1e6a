/** Somebody else who boots in a machine's name: one with the same MAC address, or its own second card. */
import { readBootScript } from "./boot-script.ts";
import { loopbackAddress } from "./hardware.ts";
import type { EmulatedMachine } from "./machine.ts";
import { ignoreRefusal, Net } from "./net.ts";

/** Other addresses than those of any machine's neighbours. */
const FAR = 2 ** 21;

/** It asks first, loads its kernel, and stops there: of a start that fails nothing more is seen. */
export async function bootDouble(machine: EmulatedMachine, whose: "same-mac" | "other-card"): Promise<void> {
  const { world, hardware } = machine;
  const mac = whose === "same-mac" ? machine.mac : (hardware.nics[1]?.mac ?? machine.mac);
  const address = machine.address === undefined ? undefined : loopbackAddress(hardware.place ^ FAR);
  const net = new Net({ address, gate: world.gate, signal: machine.signal });
  try {
    const url = `${machine.bootUrl}/ipxe.cfg-${mac.replaceAll(":", "-")}?platform=${machine.platform}&buildarch=x86_64`;
    const reply = await net.once(url);
    if (reply.status !== 200) return;
    const boot = readBootScript(reply.body.toString("utf8"));
    if (boot.do === "kernel") await net.once(boot.kernel, { headers: { range: "bytes=0-4095" } });
  } catch (error) {
    ignoreRefusal(error);
  } finally {
    net.close();
  }
}
