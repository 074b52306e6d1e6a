/** What a script prints while it runs, piece by piece. What counts is the upload at its end. */
import { appendLiveOutput, type LivePiece, shareBoot } from "@rackwright/db/script-live-output";
import { DomainError } from "@rackwright/domain/errors";
import { inTransaction, type Region } from "../context.ts";

/** What the index of scripts announces: the door, below the version's address, and how much a request may bring. */
export const LIVE_OUTPUT = { path: "live-output/", most_bytes: 64 << 10 } as const;

/** @throws DomainError for a piece of a past boot, or of no script that runs on this machine */
export async function storeLiveOutput(region: Region, bootEpoch: number, piece: LivePiece): Promise<void> {
  const store = () =>
    inTransaction({ region }, async (tx) => {
      if (!(await shareBoot(tx, piece.nodeId, bootEpoch)))
        throw new DomainError("forbidden", "These credentials are of an earlier boot of this machine.");
      if (!(await appendLiveOutput(tx, piece)))
        throw new DomainError("conflict", `Result ${piece.resultId} is of no script that runs on this machine now.`);
    });
  await region.turns.take(piece.nodeId, store);
}
