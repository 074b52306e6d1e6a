/** What a BMC was told to do, and whether that was what somebody wanted. Pure. */

export interface Order {
  at: number;
  /** What the machine's life was about: one wish of a user's. */
  phase: string;
  wanted: "on" | "off";
  /** False: it was so already. */
  did: boolean;
  /** The machine, just before. */
  doing: string;
}

/**
 * What each wish may do to the power: `cycle` starts the machine once, from off; `cycle or none` is that of a machine which was on, and
 * may have restarted by itself into what was wanted; `off` ends it.
 */
export type Wish = "cycle" | "cycle or none" | "off" | "nothing";

/**
 * What was done more than once, or not at all, for one wish: a cycle may cut the power once, before it starts the machine, and starts it
 * once. Orders that changed nothing are no harm.
 */
export function wrongOrders(orders: readonly Order[], wish: Wish): string[] {
  const shown = orders.map(({ wanted, did, doing }) => `${wanted} (${doing}${did ? "" : ", no effect"})`).join(", ");
  const sequence = orders
    .filter((order) => order.did)
    .map((order) => order.wanted)
    .join(" ");
  const right = { cycle: /^(off )?on$/, "cycle or none": /^((off )?on)?$/, off: /^(off)?$/, nothing: /^$/ }[wish];
  return right.test(sequence) ? [] : [`${wish}: ${shown === "" ? "no order came" : shown}`];
}
