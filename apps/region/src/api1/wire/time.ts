/** A moment as API 1.0 writes it: without a zone, with milliseconds. Servers keep UTC. */
export const localTime = (at: Date): string => at.toISOString().replace(/Z$/, "");
