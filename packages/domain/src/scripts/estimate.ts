/** How long a script will take, from how long it took (reference: scripts.md section 13). */
import { formatDuration } from "./duration.ts";

export const UNKNOWN_RUNTIME = "Unknown";

/**
 * @param own seconds this run took; null while it is not over
 * @param earlier seconds of the passes before it, oldest first
 */
export function estimatedRuntime(own: number | null, earlier: readonly number[], timeoutSeconds: number): string {
  if (own !== null) return formatDuration(own);
  const [first, ...rest] = earlier;
  // Each further run is averaged with what was estimated so far: recent ones weigh most.
  if (first !== undefined) return formatDuration(rest.reduce((mean, run) => (mean + run) / 2, first));
  return timeoutSeconds > 0 ? formatDuration(timeoutSeconds) : UNKNOWN_RUNTIME;
}
