/** What scripts end with on the emulated machines, where the session wants another thing than that they pass. */
import type { EmulatedMachine, Prints } from "@rackwright/testkit/fleet/machine";
import type { Output } from "@rackwright/testkit/fleet/outputs";
import type { Row } from "@rackwright/testkit/fleet/script-index";

export type Play = (row: Row, machine: EmulatedMachine) => Promise<Output> | Output;

export const passes = (out: string, err = "", yaml?: string): Output => ({
  exitStatus: 0,
  out: Buffer.from(out),
  err,
  ...(yaml === undefined ? {} : { yaml }),
});

export const fails = (err: string): Output => ({ exitStatus: 1, out: Buffer.alloc(0), err: `${err}\n` });

/** Name of the interface that a row is about. */
export function interfaceOf(row: Row): string | undefined {
  const value = Object.values(row.parameters).find(({ type }) => type === "interface")?.value;
  return typeof value === "object" && value !== null ? (value as { name: string }).name : undefined;
}

export class Plays {
  readonly #plays = new Map<string, Play>();
  /** Every run of a script, as it was told to the machine. */
  readonly ran: { machine: string; row: Row }[] = [];

  /** @returns what ends it */
  set(script: string, play: Play): () => void {
    this.#plays.set(script, play);
    return () => void this.#plays.delete(script);
  }

  /** It goes on until it is let go, or its machine's power is cut. */
  hold(script: string): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    const end = this.set(script, async (row, { signal }) => {
      const cut = Promise.withResolvers<never>();
      signal.addEventListener("abort", () => cut.reject(signal.reason as Error), { once: true });
      await Promise.race([promise, cut.promise]);
      return passes(`${row.name} was let go\n`);
    });
    return () => {
      end();
      resolve();
    };
  }

  readonly prints: Prints = (machine, row) => {
    this.ran.push({ machine: machine.mac, row });
    return this.#plays.get(row.name)?.(row, machine);
  };
}
