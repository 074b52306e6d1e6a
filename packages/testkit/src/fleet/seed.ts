/** Chance that comes out the same for the same words: a machine is what it was when the simulator starts again. */
import { createHash } from "node:crypto";

export interface Chance {
  /** From 0 up to, not including, 1. */
  next(): number;
  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number;
  pick<T>(from: readonly T[]): T;
  /** Lower-case hexadecimal digits. */
  hex(digits: number): string;
}

export function chance(seed: string): Chance {
  let block = Buffer.alloc(0);
  let round = 0;
  const byte = (): number => {
    if (block.length === 0) block = createHash("sha256").update(`${round++} ${seed}`).digest();
    const first = block[0] ?? 0;
    block = block.subarray(1);
    return first;
  };
  // Six bytes are all that a double keeps exactly.
  const next = () => Array.from({ length: 6 }, byte).reduce((sum, one) => sum * 256 + one, 0) / 2 ** 48;
  const between = (low: number, high: number) => low + Math.floor(next() * (high - low + 1));
  return {
    next,
    between,
    pick: <T>(from: readonly T[]): T => from[between(0, from.length - 1)] as T,
    hex: (digits) => Array.from({ length: digits }, () => between(0, 15).toString(16)).join(""),
  };
}
